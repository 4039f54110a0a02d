/* A plugin with something wrong in its table, which is put in place of the right thing: -DABI=..., -DSIZE=..., and so on. */
#include <stdlib.h>

#include "fusion_plugin.h"

#ifndef ABI
#define ABI FUSION_ABI
#endif
#ifndef SIZE
#define SIZE sizeof(fusion_plugin)
#endif
#ifndef NAME
#define NAME "misshapen"
#endif
#ifndef CREATE
#define CREATE create
#endif
#ifndef START
#define START start
#endif
#ifndef ENTRY
#define ENTRY (const fusion_plugin *)&plugin
#endif
#ifndef SYMBOL
#define SYMBOL fusion_plugin_entry
#endif

#ifdef IS_FINE
static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)config, (void)message;
    *instance = (fusion_instance *)(uintptr_t)host;
    return FUSION_OK;
}
static void destroy(fusion_instance *instance) { (void)instance; }
static fusion_status start(fusion_instance *instance, const fusion_request *request) {
    const fusion_host *host = (const fusion_host *)instance;
    host->emit(host, request->call, FUSION_TEXT, fusion_text("fine"));
    host->complete(host, request->call, FUSION_OK, fusion_text(""));
    return FUSION_OK;
}
#else
/* Nothing of a plugin that is refused may be called. */
static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)host, (void)config, (void)instance, (void)message;
    abort();
}
static void destroy(fusion_instance *instance) { (void)instance, abort(); }
static fusion_status start(fusion_instance *instance, const fusion_request *request) {
    (void)instance, (void)request;
    abort();
}
#endif
static void cancel(fusion_instance *instance, fusion_call call) { (void)instance, (void)call; }

static fusion_status gives_null(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    (void)host, (void)config, (void)instance, (void)message;
    return FUSION_OK;
}

/* A newer minor version has more fields behind ours. */
static const struct {
    fusion_plugin ours;
    void *more[4];
} plugin = {{SIZE, ABI, FUSION_OP_COMPLETE, 0, NAME, "0.1", CREATE, destroy, START, cancel}, {0, 0, 0, 0}};

FUSION_EXPORT const fusion_plugin *SYMBOL(void);
FUSION_EXPORT const fusion_plugin *SYMBOL(void) {
    (void)create, (void)start, (void)gives_null, (void)plugin;
    return ENTRY;
}
