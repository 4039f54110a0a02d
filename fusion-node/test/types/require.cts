// The types of `require`.

import kit = require("fusion-kit");

const app: kit.Fusion = new kit.Fusion();
const code: string = new kit.StoreError("x", { code: "FU0301" }).code;
export { app, code };
