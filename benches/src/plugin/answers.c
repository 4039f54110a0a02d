/* The plugin that the benchmark `plugin` measures: the text of a request says how it answers. */
#include <pthread.h>
#include <stdlib.h>

#include "fusion_plugin.h"

#define PIECES 500000

struct fusion_instance {
    const fusion_host *host;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    fusion_call call; /* what the thread shall answer; 0 for nothing */
    int streams;
    int closed;
};

static void answer(const fusion_host *host, fusion_call call) {
    host->emit(host, call, FUSION_TEXT, fusion_text("Hello"));
    host->complete(host, call, FUSION_OK, fusion_text(""));
}

static void *work(void *argument) {
    fusion_instance *own = argument;
    for (;;) {
        pthread_mutex_lock(&own->lock);
        while (own->call == 0 && !own->closed) pthread_cond_wait(&own->wake, &own->lock);
        const fusion_call call = own->call;
        const int streams = own->streams, closed = own->closed;
        own->call = 0;
        pthread_mutex_unlock(&own->lock);
        if (closed) return NULL;
        for (int i = 0; streams && i < PIECES; i++) own->host->emit(own->host, call, FUSION_TEXT, fusion_text("word "));
        answer(own->host, call);
    }
}

static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)config;
    (void)message;
    fusion_instance *own = calloc(1, sizeof *own);
    if (own == NULL) return FUSION_E_OVERLOADED;
    own->host = host;
    pthread_mutex_init(&own->lock, NULL);
    pthread_cond_init(&own->wake, NULL);
    pthread_t thread;
    if (pthread_create(&thread, NULL, work, own) != 0) return FUSION_E_OVERLOADED;
    pthread_detach(thread);
    *instance = own;
    return FUSION_OK;
}

static void destroy(fusion_instance *own) {
    pthread_mutex_lock(&own->lock);
    own->closed = 1;
    pthread_cond_signal(&own->wake);
    pthread_mutex_unlock(&own->lock); /* left to the thread, which ends with the program */
}

static fusion_status start(fusion_instance *own, const fusion_request *request) {
    if (request->text.len > 0 && request->text.ptr[0] == 'i') { /* in place */
        answer(own->host, request->call);
        return FUSION_OK;
    }
    pthread_mutex_lock(&own->lock);
    own->call = request->call;
    own->streams = request->op == FUSION_OP_STREAM;
    pthread_cond_signal(&own->wake);
    pthread_mutex_unlock(&own->lock);
    return FUSION_OK;
}

static void cancel(fusion_instance *own, fusion_call call) { (void)own, (void)call; }

static const fusion_plugin plugin = {
    sizeof plugin, FUSION_ABI, FUSION_OP_COMPLETE | FUSION_OP_STREAM, FLAGS, "bench", "1", create, destroy, start, cancel,
};

const fusion_plugin *fusion_plugin_entry(void) { return &plugin; }
