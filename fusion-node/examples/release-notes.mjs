// Release notes from the history of a git repository: one durable node per commit, without any model.
//   node release-notes.mjs [REPOSITORY] [COMMITS]

import { Fusion, command } from "fusion-kit";

const [repository = ".", count = "60"] = process.argv.slice(2);
await using app = new Fusion(process.env.FUSION_STORE);

const KINDS = [
  ["fixed", /^(fix|mend|correct|report|kill|bring back)/i],
  ["tests", /^(test|prove)/i],
  ["docs", /^(doc|explain|say|write)/i],
  ["added", /^(add|build|draw|read|open|name|give)/i],
];
const classify = app.step("classify", (line) => {
  const subject = line.slice(line.indexOf(" ") + 1);
  return { line, kind: KINDS.find(([, words]) => words.test(subject))?.[0] ?? "changed" };
}, { maxParallel: 8 });

const write = app.step("write", (commits) => {
  const kinds = [...new Set(commits.map((commit) => commit.kind))].sort();
  const group = (kind) => commits.filter((commit) => commit.kind === kind).map((commit) => `- ${commit.line}`);
  return ["# Release notes", ...kinds.map((kind) => `\n## ${kind}\n\n${group(kind).join("\n")}`)].join("\n");
});

const releaseNotes = app.workflow("release-notes", (repo, limit) => {
  const log = command(["git", "-C", repo, "log", "--no-merges", "--format=%h %s", `-${limit}`], { timeout: "1m" });
  return write(classify.map(log.get("lines")));
});

console.log(await app.run(releaseNotes, [repository, count]));
