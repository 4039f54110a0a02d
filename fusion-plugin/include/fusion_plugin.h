/* fusion_plugin.h - the C ABI of Fusion's provider plugins, version 1.0.
 *
 * A plugin is a shared library that answers for language models. It exports one function,
 *
 *     FUSION_EXPORT const fusion_plugin *fusion_plugin_entry(void);
 *
 * which gives a table of four functions. The host calls them; the plugin calls the table `fusion_host`, which it gets with
 * `create`. That is all. C11, C++17, and whatever can import C (Zig, Go, Rust). docs/plugins.md has a plugin to begin with.
 *
 * The rules, all of them:
 *
 *   Memory      Every `fusion_bytes` is lent: it is valid until the function that it was given to returns, in both directions.
 *               Who wants to keep it copies it. Nothing is ever freed by the other side, so no allocator is shared.
 *   A call      A call that `start` has accepted (FUSION_OK) is ended by exactly one `complete`, from any thread, also before
 *               `start` returns, and also when the call was cancelled. What comes after it for the same call is refused with
 *               FUSION_STALE and does no harm: a call is a number, never a pointer.
 *   Threads     The host may call all functions from several threads at once. All of `fusion_host` may be called from any
 *               thread, also from inside `start` and `cancel`.
 *   Blocking    `cancel` returns soon. `start` may do all the work before it returns: the host gives it a thread. A plugin whose
 *               `start` only begins the work says FUSION_QUICK, and is called without one, which costs less.
 *   Errors      Nothing may be thrown or unwound through these functions: catch C++ exceptions before you return.
 *   Unloading   A plugin is never unloaded.
 *   Versions    `size` and `abi` stand first in every version of both tables. Within one major version fields are only added,
 *               at the end: read a field of the other side's table only if its `size` covers it (FUSION_HAS). The host takes
 *               every plugin of its own major version, older and newer ones, and refuses all others before it calls them.
 */
#ifndef FUSION_PLUGIN_H
#define FUSION_PLUGIN_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

#define FUSION_ABI_MAJOR 1u
#define FUSION_ABI_MINOR 0u
#define FUSION_ABI ((FUSION_ABI_MAJOR << 16) | FUSION_ABI_MINOR)

/* Tells whether a table of the other side, which may be older, has a field. */
#define FUSION_HAS(table, type, field) ((table)->size >= offsetof(type, field) + sizeof((table)->field))

#if defined(_WIN32)
#define FUSION_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define FUSION_EXPORT __attribute__((visibility("default")))
#else
#define FUSION_EXPORT
#endif

/* ---- Words ------------------------------------------------------------------------------------------------------------- */

/* Bytes that are lent; texts are UTF-8 without a zero at the end. `ptr` may be NULL when `len` is 0. */
typedef struct fusion_bytes {
    const uint8_t *ptr;
    size_t len;
} fusion_bytes;

/* A call. A number that the host made up; 0 is none. */
typedef uint64_t fusion_call;

/* What the plugin keeps for one opened provider; the host never looks into it. */
typedef struct fusion_instance fusion_instance;

/* How something went. The negative ones are the classes of faults, which policies of retry and fallback tell apart. */
typedef int32_t fusion_status;
enum {
    FUSION_OK = 0,
    FUSION_STALE = 1,               /* the call is over: the host wants nothing more of it */
    FUSION_E_AUTH = -1,             /* the key is missing or wrong, or the account may not do this */
    FUSION_E_RATE_LIMIT = -2,       /* asked too often */
    FUSION_E_OVERLOADED = -3,       /* trouble of its own, such as a service's 5xx */
    FUSION_E_CONTEXT_TOO_LONG = -4, /* the messages do not fit into the model */
    FUSION_E_CONTENT_REFUSED = -5,  /* a filter refused the question */
    FUSION_E_INVALID_REQUEST = -6,  /* the same request will be wrong again */
    FUSION_E_TIMEOUT = -7,
    FUSION_E_TRANSPORT = -8,        /* no connection, or it broke */
    FUSION_E_MALFORMED = -9,        /* the other side said something that cannot be understood */
    FUSION_E_UNSUPPORTED = -10,     /* it cannot do this at all */
    FUSION_E_BUDGET = -11,          /* a budget does not allow it */
    FUSION_E_CANCELLED = -12,       /* nobody waits for the answer any more */
    FUSION_E_FAULT = -100           /* for `complete` only: the body is a whole fault as JSON, {"kind": "auth", "message": ...} */
};

/* What can be asked for; `fusion_plugin.ops` is the sum of those that the plugin can do. */
enum {
    FUSION_OP_COMPLETE = 1, /* body: a request;      result: an answer, whole */
    FUSION_OP_STREAM = 2,   /* body: a request;      result: pieces by `emit` as they come, then `complete` */
    FUSION_OP_EMBED = 4,    /* body: texts;          result: their vectors */
    FUSION_OP_MODELS = 8,   /* body: empty;          result: a list of models */
    FUSION_OP_QUOTA = 16    /* body: empty;          result: the account's limits */
};

/* What a piece of an answer is. The host ignores kinds that it does not know. */
enum {
    FUSION_TEXT = 1,      /* more text, as it is */
    FUSION_REASONING = 2, /* more reasoning, as it is */
    FUSION_CHUNK = 3      /* any chunk as JSON, such as {"type": "call", "index": 0, "id": "c1", "name": "weather"} */
};

enum { FUSION_ERROR = 1, FUSION_WARN = 2, FUSION_INFO = 3, FUSION_DEBUG = 4, FUSION_TRACE = 5 };

enum {
    FUSION_QUICK = 1, /* `start` never blocks: it needs no thread of its own */
    FUSION_BRIEF = 2  /* `model` and `text` are all that it reads of a request: its `body` may be empty, which costs less */
};

#define FUSION_MESSAGE_LEN 256u /* room for the message of a failed `create`, its zero included */

/* ---- What is asked ----------------------------------------------------------------------------------------------------- */

typedef struct fusion_request {
    uint32_t size;        /* how much of this struct there is */
    uint32_t op;          /* one of FUSION_OP_... */
    fusion_call call;     /* the call, for all that is said about it */
    uint64_t connect_ms;  /* how long it may take to connect */
    uint64_t idle_ms;     /* how long between two pieces */
    uint64_t total_ms;    /* how long it may take in all; then it is cancelled */
    fusion_bytes key;     /* the idempotency key: the same for every attempt of the same call */
    fusion_bytes labels;  /* for whom, as JSON: {"run": ..., "node": ..., "agent": ..., "project": ...}, all of them optional */
    fusion_bytes model;   /* the model asked for; empty for the usual one */
    fusion_bytes text;    /* the text of the last message, for who needs no more than that */
    fusion_bytes body;    /* all of it as JSON; the requests of a plugin that says FUSION_BRIEF may have none */
} fusion_request;

/* ---- What the host offers ---------------------------------------------------------------------------------------------- */

typedef struct fusion_host fusion_host;
struct fusion_host {
    uint32_t size; /* of the host's table */
    uint32_t abi;  /* the host's version */
    void *own;     /* the host's own */

    /* Gives a piece of the answer. FUSION_STALE or FUSION_E_CANCELLED: stop, nobody listens any more, and `complete`.
       FUSION_E_INVALID_REQUEST: no UTF-8, no chunk, or NULL with a length. The call fails then, as it does when 64 MiB wait unread. */
    fusion_status (*emit)(const fusion_host *host, fusion_call call, uint32_t kind, fusion_bytes piece);

    /* Ends a call. With FUSION_OK the body is the result as JSON; it may be empty where pieces have said all. With a fault's
       status the body is a sentence that says what went wrong, as text. Touch nothing of the call after it. */
    fusion_status (*complete)(const fusion_host *host, fusion_call call, fusion_status status, fusion_bytes body);

    /* FUSION_OK while somebody waits for the call, else FUSION_E_CANCELLED or FUSION_STALE. */
    fusion_status (*wanted)(const fusion_host *host, fusion_call call);

    /* Calls `then(argument)` once, so many nanoseconds from now by the host's clock, which is virtual in simulations. Anything
       but FUSION_OK: it will not be called. `then` must not block. */
    fusion_status (*after)(const fusion_host *host, fusion_call call, uint64_t delay_ns, void (*then)(void *), void *argument);

    uint64_t (*now_ns)(const fusion_host *host, fusion_call call); /* a clock that never goes back; 0 for a call that is over */
    int64_t (*now_ms)(const fusion_host *host, fusion_call call);  /* the wall clock, since 1970; 0 for a call that is over */
    uint64_t (*random)(const fusion_host *host, fusion_call call); /* 64 random bits; 0 for a call that is over */

    /* Copies a secret, by its name, into a buffer of the plugin's, and gives its length: 0 when there is none, more than `room`
       when it did not fit and nothing was copied. No zero is added. */
    size_t (*secret)(const fusion_host *host, fusion_bytes name, uint8_t *into, size_t room);

    /* Writes into the host's log. */
    void (*log)(const fusion_host *host, uint32_t level, fusion_bytes message);
};

/* ---- What the plugin offers -------------------------------------------------------------------------------------------- */

typedef struct fusion_plugin {
    uint32_t size;       /* sizeof(fusion_plugin) */
    uint32_t abi;        /* FUSION_ABI */
    uint32_t ops;        /* the sum of FUSION_OP_... that it can do */
    uint32_t flags;      /* the sum of FUSION_QUICK and FUSION_BRIEF, or 0 */
    const char *name;    /* what it is called: a-z, 0-9 and -, at most 64, with a zero at the end */
    const char *version; /* its own version, with a zero at the end */

    /* Opens a provider. `config` is JSON, an object. `host` stays valid for ever. On failure: a status below 0, and a sentence in
       `message`, which has FUSION_MESSAGE_LEN bytes. */
    fusion_status (*create)(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message);

    /* Closes it: once, when all its calls are completed and no other function runs for it. */
    void (*destroy)(fusion_instance *instance);

    /* Begins a call. FUSION_OK: exactly one `complete` follows, or has come already. Below 0: none may follow. */
    fusion_status (*start)(fusion_instance *instance, const fusion_request *request);

    /* Nobody waits for the call any more: end it soon, with a `complete`. It may come when the call has just been completed; then it
       means nothing. */
    void (*cancel)(fusion_instance *instance, fusion_call call);
} fusion_plugin;

/* The one export. The table stays valid for ever. */
FUSION_EXPORT const fusion_plugin *fusion_plugin_entry(void);

/* ---- For convenience --------------------------------------------------------------------------------------------------- */

/* Lends a text. */
static inline fusion_bytes fusion_text(const char *text) {
    fusion_bytes bytes;
    bytes.ptr = (const uint8_t *)text;
    bytes.len = text ? strlen(text) : 0;
    return bytes;
}

#ifdef __cplusplus
}
#endif

#endif
