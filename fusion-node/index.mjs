// The public names, for ES modules: the same objects as `require` gives.

import kit from "./index.cjs";

export const {
  Agent,
  CommandAgent,
  Fusion,
  Graph,
  Provider,
  Rotation,
  Scripted,
  agent,
  answer,
  command,
  expr,
  provider,
  textOf,
  tool,
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
  Fault,
} = kit;
