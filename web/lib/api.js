// The server's HTTP API as functions. Errors carry the status and, from problem+json, the words.

/** @typedef {{ id: string, name: string, role: import('./protocol.js').Role, email?: string }} User */
/** @typedef {{ user: User, csrf: string }} Me */
/** @typedef {{ room: string, coach: { id: string, name: string }, client: { id: string, name: string }, starts: string | null, minutes: number, status: string }} Appointment */
/** @typedef {{ userId: string, name: string, role: import('./protocol.js').Role }} Person */
/** @typedef {{ roomId: string, user: User, people: Person[], starts: string | null, minutes: number | null, sessionId: string, started?: string | null }} RoomInfo */

export class ApiError extends Error {
  /**
   * @param {number} status 0: the server was not reached
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} [options]
 * @returns {Promise<any>}
 */
export async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, {
      credentials: 'same-origin',
      ...options,
      headers: { Accept: 'application/json', ...options.headers },
    });
  } catch {
    throw new ApiError(0, 'The server cannot be reached. Check your connection.');
  }
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  const body = isJson ? await response.json().catch(() => null) : null;
  if (!response.ok) {
    throw new ApiError(response.status, body?.detail ?? body?.title ?? `Error ${response.status}`);
  }
  return body;
}

/** @returns {Promise<Me>} */
export const me = () => request('/api/me');
/** @returns {Promise<Appointment[]>} */
export const appointments = async () => (await request('/api/appointments')).appointments;
/** @param {string} roomId @returns {Promise<RoomInfo>} */
export const room = (roomId) => request(`/api/room/${encodeURIComponent(roomId)}`);
/** @returns {Promise<RTCIceServer[]>} */
export const iceServers = async () => (await request('/api/ice-servers')).iceServers;

/** For admins: the dashboard's first sight. */
export const overview = () => request('/api/admin/overview');

/**
 * For admins.
 * @param {string} roomId
 * @param {string} action
 * @param {string} csrf
 */
export const actOnOrb = (roomId, action, csrf) =>
  post(`/api/admin/orbs/${encodeURIComponent(roomId)}`, csrf, {
    body: JSON.stringify({ action }),
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
  });

/** @param {string} id @returns {Promise<import('./session.js').SessionRecord>} */
export const session = (id) => request(`/api/sessions/${encodeURIComponent(id)}`);
/**
 * @param {string} id
 * @param {'md' | 'vtt'} format
 */
export const sessionFile = (id, format) => `/api/sessions/${encodeURIComponent(id)}?format=${format}`;

/** @param {string} csrf */
export const signOut = (csrf) => post('/sign-out', csrf);

/**
 * Outlives the page that calls it.
 * @param {string} roomId
 * @param {string} csrf
 */
export const leaveRoom = (roomId, csrf) =>
  post(`/room/${encodeURIComponent(roomId)}/leave`, csrf, { keepalive: true });

/**
 * @param {string} roomId
 * @param {string} csrf
 * @param {import('./quality.js').Report[]} connections
 * @param {boolean} keepalive it outlives the page
 */
export const reportQuality = (roomId, csrf, connections, keepalive) =>
  post(`/api/room/${encodeURIComponent(roomId)}/quality`, csrf, {
    keepalive,
    body: JSON.stringify({ connections }),
    headers: { 'Content-Type': 'application/json', 'X-CSRF-Token': csrf },
  });

/**
 * For everybody in it.
 * @param {string} roomId
 * @param {string} csrf
 */
export const endRoom = (roomId, csrf) => post(`/api/room/${encodeURIComponent(roomId)}/end`, csrf);

/**
 * Starts the room's orb again. The coach's.
 * @param {string} roomId
 * @param {string} csrf
 */
export const restartOrb = (roomId, csrf) =>
  post(`/api/room/${encodeURIComponent(roomId)}/orb`, csrf, { body: JSON.stringify({ action: 'restart' }) });

/**
 * @param {string} path
 * @param {string} csrf
 * @param {RequestInit} [options]
 */
function post(path, csrf, options = {}) {
  const headers = { 'X-CSRF-Token': csrf, ...(options.body ? { 'Content-Type': 'application/json' } : {}) };
  return request(path, { method: 'POST', headers, ...options });
}
