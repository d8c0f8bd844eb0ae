// What the elements that play media share.

/** @type {WeakSet<HTMLVideoElement>} */
const tried = new WeakSet();
/** Muted by the browser's rule, not by us. @type {WeakSet<HTMLVideoElement>} */
const silenced = new WeakSet();

/**
 * Plays a stream in a video element; a refusal by the browser's autoplay rule goes up as an event.
 * @param {HTMLVideoElement} video
 * @param {MediaStream | null} stream
 */
export function playIn(video, stream) {
  if (video.srcObject !== stream) {
    video.srcObject = stream;
    tried.delete(video);
  }
  // Once a stream: whoever is told of a refusal draws again, and would ask again, for ever.
  if (stream && stream.getTracks().length > 0 && video.paused && !tried.has(video)) {
    tried.add(video);
    resume(video);
  }
}

/** @param {HTMLVideoElement} video */
export function isSilenced(video) {
  return silenced.has(video);
}

/** @param {HTMLVideoElement} video */
export function resume(video) {
  if (silenced.delete(video)) {
    video.muted = false;
  }
  video.play().then(
    () => {
      if (!video.muted) {
        video.dispatchEvent(new CustomEvent('tc-playing', { bubbles: true }));
      }
    },
    (error) => {
      if (error.name === 'NotAllowedError' && !video.muted) {
        // The rule is about sound: pictures may move, and the click that is asked for gives the sound.
        video.muted = true;
        silenced.add(video);
        video.play().catch(() => {});
        video.dispatchEvent(new CustomEvent('tc-playback-blocked', { bubbles: true }));
      }
    },
  );
}

/**
 * @param {HTMLVideoElement} video
 * @param {string} deviceId '' is the default
 */
export async function playOn(video, deviceId) {
  if ('setSinkId' in video && /** @type {any} */ (video).sinkId !== deviceId) {
    await video.setSinkId(deviceId).catch(() => {});
  }
}

/** @param {string} name of sprite.svg */
export function iconHref(name) {
  return `/ui/icons/sprite.svg#${name}`;
}

/**
 * Setting the same icon again would make the browser build it again.
 * @param {Element} holder of an svg with a use
 * @param {string} name
 */
export function setIcon(holder, name) {
  const use = holder.querySelector('use');
  if (use && use.getAttribute('href') !== iconHref(name)) {
    use.setAttribute('href', iconHref(name));
  }
}
