// Lets a Node that does not know `await using` yet run programs that say it.

import { register } from "node:module";

register(new URL("./using-hooks.mjs", import.meta.url));
