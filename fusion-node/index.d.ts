// The types of the package.

export * from "./types/fusion";
export * from "./types/graph";
export * from "./types/run";
export * from "./types/provider";
export * from "./types/agent";
export * from "./types/team";
export * from "./types/mail";
export * from "./types/memory";
export * from "./types/workspace";
export * from "./types/object";
export * from "./types/specs";
export * from "./types/context";
export * from "./types/errors";
