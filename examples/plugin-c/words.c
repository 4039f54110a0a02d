/* A plugin that says the last message again, word by word, from a thread of its own.

   It shows all that a plugin in C does: it exports one table, copies what it wants to keep, streams, and stops when nobody
   listens any more. */
#include <pthread.h>
#include <stdlib.h>

#include "fusion_plugin.h"

struct fusion_instance {
    const fusion_host *host;
};

/* One call: what the thread needs of it. */
typedef struct work {
    const fusion_host *host;
    fusion_call call;
    size_t len;
    uint8_t text[];
} work;

static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)config;
    (void)message;
    *instance = malloc(sizeof **instance);
    if (*instance == NULL) return FUSION_E_OVERLOADED;
    (*instance)->host = host;
    host->log(host, FUSION_DEBUG, fusion_text("opened"));
    return FUSION_OK;
}

static void destroy(fusion_instance *instance) { free(instance); }

/* Says a word with the blanks after it, until there is no more or nobody listens. */
static void *speak(void *argument) {
    work *work = argument;
    const fusion_host *host = work->host;
    size_t from = 0;
    fusion_status status = FUSION_OK;
    while (from < work->len && status == FUSION_OK) {
        size_t to = from;
        while (to < work->len && work->text[to] != ' ') to++;
        while (to < work->len && work->text[to] == ' ') to++;
        fusion_bytes word = {work->text + from, to - from};
        status = host->emit(host, work->call, FUSION_TEXT, word);
        from = to;
    }
    /* Every call that was accepted is completed, also one that was cancelled. */
    host->complete(host, work->call, status == FUSION_OK ? FUSION_OK : FUSION_E_CANCELLED, fusion_text(""));
    free(work);
    return NULL;
}

static fusion_status start(fusion_instance *instance, const fusion_request *request) {
    /* The request is lent until we return: the thread gets a copy. */
    work *work = malloc(sizeof *work + request->text.len);
    if (work == NULL) return FUSION_E_OVERLOADED;
    work->host = instance->host;
    work->call = request->call;
    work->len = request->text.len;
    if (work->len > 0) memcpy(work->text, request->text.ptr, work->len);
    pthread_t thread;
    if (pthread_create(&thread, NULL, speak, work) != 0) {
        free(work);
        return FUSION_E_OVERLOADED;
    }
    pthread_detach(thread);
    return FUSION_OK;
}

/* Nothing to do: the thread sees it by what `emit` says. */
static void cancel(fusion_instance *instance, fusion_call call) {
    (void)instance;
    (void)call;
}

static const fusion_plugin plugin = {
    .size = sizeof plugin,
    .abi = FUSION_ABI,
    .ops = FUSION_OP_COMPLETE | FUSION_OP_STREAM,
    .flags = FUSION_QUICK, /* `start` only begins the thread */
    .name = "words",
    .version = "1.0.0",
    .create = create,
    .destroy = destroy,
    .start = start,
    .cancel = cancel,
};

const fusion_plugin *fusion_plugin_entry(void) { return &plugin; }
