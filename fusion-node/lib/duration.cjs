"use strict";
// Lengths of time: a number of milliseconds, or a text such as "90s", "1.5h", "2d".

const { InputError } = require("./errors.cjs").public;

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** Gives milliseconds. */
function milliseconds(length, what) {
  if (typeof length === "number" && Number.isFinite(length) && length >= 0) {
    return Math.round(length);
  }
  const parts = typeof length === "string" ? length.trim().match(/(\d+(?:\.\d+)?)\s*(ms|[smhdw])/g) : null;
  if (parts !== null && parts.join("") === length.replaceAll(/\s/g, "")) {
    return Math.round(
      parts.reduce((sum, part) => {
        const [, number, unit] = part.match(/^([\d.]+)\s*(\w+)$/);
        return sum + Number(number) * UNITS[unit];
      }, 0),
    );
  }
  const shown = typeof length === "string" ? `"${length}"` : String(length);
  throw new InputError(`${what}: ${shown} is no length of time`, {
    code: "FU0101",
    hint: 'give milliseconds, or a text such as "500ms", "30s", "10m", "2h", "1d"',
  });
}

module.exports = { milliseconds };
