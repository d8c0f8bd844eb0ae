// What the sign-in page decides, without the page. Pure.

/**
 * Where to go after signing in: a path of ours, never another site.
 * @param {string | null} wish the `return` parameter
 */
export function safeReturn(wish) {
  return wish && /^\/(?![/\\])[^\\\u0000-\u001f]*$/.test(wish) ? wish : '/';
}

/** @param {number} status 0: not reached */
export function explainRefusal(status) {
  switch (status) {
    case 0:
      return 'The server cannot be reached. Check your connection and try again.';
    case 400:
    case 401:
    case 403:
    case 422:
      return 'The email address or the password is not right. Please try again.';
    case 429:
      return 'Too many attempts. Please wait a minute and try again.';
    default:
      return 'Something went wrong on our side. Please try again in a moment.';
  }
}
