// The public names, for ES modules: the same objects as `require` gives.

import kit from "./index.cjs";

export const {
  Fusion,
  Graph,
  command,
  expr,
  wait,
  version,
  FusionError,
  InputError,
  DefinitionError,
  StoreError,
  RunFailed,
  RunCancelled,
  WaitTimeout,
  ClosedError,
  InternalError,
  PermanentError,
} = kit;
