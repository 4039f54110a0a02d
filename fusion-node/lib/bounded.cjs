"use strict";
// Waiting for an answer of the engine's, within a time and until somebody does not want it any more.

const { WaitTimeout } = require("./errors.cjs").public;

/** Waits for what was asked, `limit` milliseconds at the most; `late` says what has not happened then. */
async function bounded({ promise, abandon }, { limit, signal, late }) {
  if (limit === undefined && signal === undefined) return promise;
  let timer;
  let onAbort;
  const bound = new Promise((_, reject) => {
    if (limit !== undefined) {
      const end = () => reject(new WaitTimeout(`${late} within ${limit} ms`, { code: "FU0404", hint: "it goes on: ask again" }));
      timer = setTimeout(end, Math.min(limit, 0x7fff_ffff));
    }
    if (signal !== undefined) {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
    }
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
    if (onAbort) signal.removeEventListener("abort", onAbort);
    abandon();
  }
}

module.exports = { bounded };
