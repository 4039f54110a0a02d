// The types of the package.

export * from "./types/fusion";
export * from "./types/graph";
export * from "./types/run";
export * from "./types/provider";
export * from "./types/agent";
export * from "./types/context";
export * from "./types/errors";
