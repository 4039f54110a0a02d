/* The plugin that the benchmark `streams` measures: it says a first piece, and the rest when all calls are there. */
#include <pthread.h>
#include <stdlib.h>

#include "fusion_plugin.h"

#define CALLS 1000
#define PIECES 20

struct fusion_instance {
    const fusion_host *host;
    pthread_mutex_t lock;
    int count;
    fusion_call calls[CALLS];
};

static void *work(void *argument) {
    fusion_instance *own = argument;
    for (int piece = 0; piece < PIECES; piece++)
        for (int i = 0; i < CALLS; i++) own->host->emit(own->host, own->calls[i], FUSION_TEXT, fusion_text("word "));
    for (int i = 0; i < CALLS; i++) own->host->complete(own->host, own->calls[i], FUSION_OK, fusion_text(""));
    return NULL;
}

static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)config, (void)message;
    fusion_instance *own = calloc(1, sizeof *own);
    if (own == NULL) return FUSION_E_OVERLOADED;
    own->host = host;
    pthread_mutex_init(&own->lock, NULL);
    *instance = own;
    return FUSION_OK;
}

static void destroy(fusion_instance *own) { free(own); }

static fusion_status start(fusion_instance *own, const fusion_request *request) {
    if (request->op != FUSION_OP_STREAM) { /* shows that it is quick */
        own->host->complete(own->host, request->call, FUSION_OK, fusion_text("{}"));
        return FUSION_OK;
    }
    own->host->emit(own->host, request->call, FUSION_TEXT, fusion_text("first "));
    pthread_mutex_lock(&own->lock);
    if (own->count < CALLS) own->calls[own->count] = request->call;
    const int is_last = ++own->count == CALLS;
    pthread_mutex_unlock(&own->lock);
    pthread_t thread;
    if (is_last && pthread_create(&thread, NULL, work, own) == 0) pthread_detach(thread);
    return FUSION_OK;
}

static void cancel(fusion_instance *own, fusion_call call) { (void)own, (void)call; }

static const fusion_plugin plugin = {
    sizeof plugin, FUSION_ABI, FUSION_OP_COMPLETE | FUSION_OP_STREAM, FUSION_QUICK, "many", "1", create, destroy, start, cancel,
};

const fusion_plugin *fusion_plugin_entry(void) { return &plugin; }
