// A plain script before all others: a page whose scripts or styles did not arrive (the network changed
// while they came) says so instead of waiting for ever. It loads itself anew once, then leaves that to the user.

{
  const KEY = 'tc-boot';
  const SOON_MS = 30_000;
  let failed = false;

  const tell = () => {
    const words = document.createElement('p');
    words.className = 'boot-failed';
    words.setAttribute('role', 'alert');
    words.textContent = 'This page did not load completely. ';
    const again = document.createElement('button');
    again.className = 'button';
    again.textContent = 'Load it again';
    again.addEventListener('click', () => location.reload());
    words.append(again);
    document.body.prepend(words);
  };

  const onFailed = () => {
    let last = 0;
    try {
      last = Number(sessionStorage.getItem(KEY));
      sessionStorage.setItem(KEY, String(Date.now()));
    } catch {
      last = Date.now(); // no storage: never in a circle
    }
    if (Date.now() - last > SOON_MS) {
      location.reload();
    } else if (document.body) {
      tell();
    } else {
      document.addEventListener('DOMContentLoaded', tell);
    }
  };

  // Failed loads do not bubble; a module's error tells of all it imports.
  addEventListener(
    'error',
    ({ target }) => {
      const ours = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement;
      const needed = ours && (target instanceof HTMLScriptElement || target.rel === 'stylesheet');
      if (needed && !failed) {
        failed = true;
        onFailed();
      }
    },
    { capture: true },
  );
}
