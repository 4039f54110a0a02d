//! Every named limit of the engine, with its unit. Reaching one is an error with a code, never a surprise.

/// The longest run id, in bytes.
pub const RUN_ID_BYTES: usize = 128;
/// The longest node, step, workflow, signal or queue name, in bytes.
pub const NAME_BYTES: usize = 128;
/// Payloads above this live in blobs, once per content, in bytes.
pub const INLINE_BYTES: usize = 64 * 1024;
/// Definitions of runs above this live in blobs, in bytes: thousands of runs may share one.
pub const DEFINITION_INLINE_BYTES: usize = 512;
/// The largest single payload, in bytes.
pub const PAYLOAD_BYTES: u64 = 256 * 1024 * 1024;
/// The longest error that a list of runs shows, in characters; the journal has all of it.
pub const ROW_ERROR_CHARS: usize = 1_000;
/// The largest workflow file, in bytes.
pub const FILE_BYTES: usize = 8 * 1024 * 1024;
/// The deepest nesting of a workflow file.
pub const FILE_DEPTH: usize = 64;
/// The most values in a workflow file, aliases expanded.
pub const FILE_VALUES: usize = 200_000;
/// The most nodes of one graph.
pub const GRAPH_NODES: usize = 4_000_000;
/// The most items of one map.
pub const MAP_ITEMS: usize = 10_000_000;
/// The most rounds of a repeat-until.
pub const REPEAT_ROUNDS: u32 = 1_000_000;
/// The most attempts of one node.
pub const ATTEMPTS: u32 = 1_000;
/// The deepest nesting of sub-workflows.
pub const CHILD_DEPTH: u32 = 64;
/// The most bodies of one run that are in flight at once.
pub const BODIES_IN_FLIGHT: usize = 1024;
/// The most commands of one process that run at once, per logical CPU.
pub const COMMANDS_PER_CPU: usize = 16;
/// The longest standard output of a command, in bytes: one that writes more fails with class `limit`, since its output
/// would not be whole. What is beyond is read, counted and dropped, so that the command comes to its end.
pub const STDOUT_BYTES: usize = 8 * 1024 * 1024;
/// What is kept of a command's standard error, in bytes: its last part.
pub const STDERR_BYTES: usize = 1024 * 1024;
/// How long a cancelled command may take to end before it is killed, in milliseconds.
pub const KILL_GRACE_MS: u64 = 5_000;
/// How long the pipes of an ended command are read when a child that it left behind holds them open, in milliseconds.
pub const DRAIN_MS: u64 = 1_000;
/// How long a killed command may take to disappear before it is reported as one that cannot be ended, in milliseconds.
pub const UNKILLABLE_MS: u64 = 5_000;
/// The fuel of one template evaluation (MiniJinja instructions).
pub const TEMPLATE_FUEL: u64 = 10_000_000;
/// What one template evaluation may make, in bytes of text and values, whether it keeps them or not.
pub const TEMPLATE_BYTES: u64 = PAYLOAD_BYTES;
/// How many values one template evaluation may walk over outside of its instructions: in comparisons, filters, searches.
pub const TEMPLATE_VALUES: u64 = 20_000_000;
/// The largest value that is searched for secrets and hashed where others wait, in bytes; a larger one is taken to a thread.
pub const BRIEF_BYTES: u64 = 256 * 1024;
/// The fuel of an evaluation that is made where others wait; one that needs more is made on a thread of its own.
pub const TEMPLATE_BRIEF_FUEL: u64 = 50_000;
/// What an evaluation may make, and the largest value that it may parse, where others wait, in bytes.
pub const TEMPLATE_BRIEF_BYTES: u64 = 1024 * 1024;
/// How many values an evaluation may walk over where others wait.
pub const TEMPLATE_BRIEF_VALUES: u64 = 250_000;
/// How long the evaluations of one node may take where others wait, in milliseconds.
pub const TEMPLATE_BRIEF_MS: u64 = 5;
/// How many evaluations that take longer a process makes at once.
pub const TEMPLATES_APART: usize = 2;
/// The longest timer, in milliseconds: 100 years.
pub const TIMER_MS: u64 = 100 * 365 * 24 * 3_600_000;
/// How often a node waits because a service said when to come back, without its using up an attempt.
pub const TOLD_WAITS: u16 = 20;
/// The most records in one append.
pub const APPEND_RECORDS: usize = 1024;
/// The most batches that a store groups into one physical transaction.
pub const GROUP_BATCHES: usize = 1000;
/// The most bytes that a store groups into one physical transaction.
pub const GROUP_BYTES: usize = 4 * 1024 * 1024;
/// The most queue entries of one claim.
pub const CLAIM_ENTRIES: usize = 1000;
/// How long a session lives without a heartbeat, in milliseconds.
pub const LEASE_MS: i64 = 15_000;
/// How often a worker looks for processes of its host that died, and for leases that ended, in milliseconds.
pub const REAP_MS: i64 = 500;
/// How long a waiting run stays in memory before its owner lets it go, in milliseconds.
pub const IDLE_MS: i64 = 2_000;
/// How often a follower asks the store when no hint came, in milliseconds.
pub const POLL_MS: i64 = 1_000;
/// How long an idle process sleeps between two looks at whether another process wrote, in milliseconds.
pub const TAIL_MS: i64 = 15;
/// The most records folded before a snapshot is due.
pub const SNAPSHOT_RECORDS: u64 = 1000;
/// The most runs that one process drives at once.
pub const RUNS_DRIVEN: usize = 10_000;
/// The most compiled definitions that one process keeps beside those in use.
pub const PROGRAMS_KEPT: usize = 64;
/// The most messages that a run takes from its inbox at once.
pub const INBOX_MESSAGES: usize = 256;
/// The most notes of bodies that a driver takes in before it writes.
pub const NOTES_PER_TURN: usize = 4096;
/// The largest answer of a model, in bytes of text, reasoning and arguments.
pub const ANSWER_BYTES: usize = 64 * 1024 * 1024;
/// The most parts of one answer of a model: texts, thoughts, calls of tools.
pub const ANSWER_PARTS: usize = 4096;
/// The most parcels that a mailbox holds, unless it is set to another number.
pub const MAILBOX_PARCELS: u32 = 10_000;
/// The most messages of one parcel: those that are sent to a mailbox at the same time lie in it together.
pub const PARCEL_MESSAGES: usize = 64;
/// The most bytes of messages in a parcel of more than one.
pub const PARCEL_BYTES: usize = 64 * 1024;
/// How often a message is delivered without being acknowledged, before it goes to the dead letters.
pub const DELIVERIES: u32 = 10;
/// How long a message may be held without being acknowledged, in milliseconds.
pub const DELIVERY_HOLD_MS: u64 = 300_000;
/// The most messages that wait in one process to be written; then whoever sends waits.
pub const POST_JOBS: usize = 4096;
/// The most of them that are written in one batch.
pub const POST_BATCH: usize = 1024;
/// How often a batch of messages is tried again because another process wrote to the same channel.
pub const POST_TRIES: u32 = 1000;
/// The most messages that nothing records which wait for one mailbox of the process; then whoever sends waits.
pub const LINE_MESSAGES: usize = 65_536;
/// How many events an object may have beyond its snapshot before the next snapshot is written.
pub const OBJECT_EVENTS: u64 = 128;
/// How many events an object may have beyond its snapshot when it hibernates without writing another one.
pub const OBJECT_TAIL: u64 = 32;
/// How long an object without messages stays in memory, in milliseconds, unless it is set to another time.
pub const OBJECT_IDLE_MS: u64 = 10_000;
/// How long an engine that closes waits for its objects to be let go, in milliseconds.
pub const OBJECT_FAREWELL_MS: u64 = 2_000;
/// The most objects that something wakes and one process takes up at once.
pub const OBJECTS_ACTIVE: usize = 10_000;
/// How long a call waits for an object's answer, in milliseconds, unless it says another time.
pub const OBJECT_CALL_MS: u64 = 30_000;
