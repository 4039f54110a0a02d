/* A plugin that does what it must not: the text of a request says which. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fusion_plugin.h"

struct fusion_instance {
    const fusion_host *host;
    atomic_int open; /* calls that are not completed */
    atomic_int cancelled;
    fusion_call last;
};

static atomic_int destroyed;

static int is(const fusion_request *request, const char *word) {
    return request->text.len == strlen(word) && memcmp(request->text.ptr, word, request->text.len) == 0;
}

static fusion_status create(const fusion_host *host, fusion_bytes config, fusion_instance **instance, char *message) {
    if (config.len > 2) { /* {"refuse": true} */
        memset(message, 'x', FUSION_MESSAGE_LEN); /* no zero at all */
        return FUSION_E_AUTH;
    }
    *instance = calloc(1, sizeof **instance);
    (*instance)->host = host;
    return FUSION_OK;
}

static void destroy(fusion_instance *instance) {
    if (instance->open != 0) abort(); /* the host promised that no call is open */
    instance->open = -1000;           /* never freed, so that a second time is seen */
    destroyed++;
}

typedef struct later {
    fusion_instance *instance;
    fusion_call call;
    int wait_cancel;
} later;

static void *speak_later(void *argument) {
    later *later = argument;
    fusion_instance *instance = later->instance;
    const fusion_host *host = instance->host;
    for (int i = 0; later->wait_cancel && !instance->cancelled && i < 5000; i++) usleep(1000);
    fusion_status said = host->emit(host, later->call, FUSION_TEXT, fusion_text("too late"));
    if (later->wait_cancel && said != FUSION_E_CANCELLED) abort();
    usleep(20000);
    instance->open--;
    if (host->complete(host, later->call, FUSION_OK, fusion_text("")) != FUSION_OK) abort();
    if (host->complete(host, later->call, FUSION_OK, fusion_text("")) != FUSION_STALE) abort();
    free(later);
    return NULL;
}

static void in_thread(fusion_instance *instance, fusion_call call, int wait_cancel) {
    later *later = malloc(sizeof *later);
    later->instance = instance;
    later->call = call;
    later->wait_cancel = wait_cancel;
    pthread_t thread;
    pthread_create(&thread, NULL, speak_later, later);
    pthread_detach(thread);
}

static void ring(void *argument) {
    fusion_instance *instance = argument;
    instance->open--;
    instance->host->complete(instance->host, instance->last, FUSION_OK, fusion_text("{\"parts\":[{\"type\":\"text\",\"text\":\"rang\"}]}"));
}

static fusion_status start(fusion_instance *instance, const fusion_request *request) {
    const fusion_host *host = instance->host;
    const fusion_call call = request->call;
    const fusion_bytes none = {NULL, 0}, null_with_length = {NULL, 5}, absurd = {(const uint8_t *)"x", (size_t)1 << 60};
    static const uint8_t not_utf8[] = {0xff, 0xfe};
    const fusion_bytes bad_text = {not_utf8, 2};
    char line[64];

    if (is(request, "refuse")) return FUSION_E_RATE_LIMIT;
    if (is(request, "odd status")) return 77;
    if (is(request, "refuse after all")) {
        host->complete(host, call, FUSION_OK, fusion_text("{}"));
        return FUSION_E_AUTH;
    }
    if (is(request, "segfault")) *(volatile int *)(uintptr_t)(request->text.len - 8) = 1;
    if (is(request, "abort")) fputs("it is all over\n", stderr), abort();
    if (is(request, "hog")) {
        for (char *volatile room; (room = malloc(16 << 20)) != NULL;) memset(room, 1, 16 << 20);
        fputs("no memory is left\n", stderr), abort();
    }
    if (is(request, "exit")) exit(3);
    if (is(request, "exit well")) _exit(0);
    if (is(request, "stop")) raise(SIGSTOP);
    if (is(request, "garbage frames"))
        for (int file = 3; file < 64; file++) (void)!write(file, "garbage garbage garbage", 23);
    instance->open++;
    if (is(request, "never")) return FUSION_OK;
    if (is(request, "block")) for (;;) sleep(1000);
    if (is(request, "thread")) return in_thread(instance, call, 0), FUSION_OK;
    if (is(request, "after cancel")) return in_thread(instance, call, 1), FUSION_OK;
    if (is(request, "alarm")) {
        instance->last = call;
        host->after(host, call, 1000000, ring, instance);
        return FUSION_OK;
    }

    fusion_status status = FUSION_OK;
    fusion_bytes body = none;
    if (is(request, "bad utf8")) host->emit(host, call, FUSION_TEXT, bad_text);
    else if (is(request, "null bytes")) host->emit(host, call, FUSION_TEXT, null_with_length);
    else if (is(request, "absurd length")) host->emit(host, call, FUSION_TEXT, absurd);
    else if (is(request, "bad chunk")) host->emit(host, call, FUSION_CHUNK, fusion_text("{\"type\":"));
    else if (is(request, "unknown kind")) host->emit(host, call, 99, bad_text), body = fusion_text("{}");
    else if (is(request, "bad result")) body = fusion_text("<html>");
    else if (is(request, "null result")) body = null_with_length;
    else if (is(request, "absurd result")) body = absurd;
    else if (is(request, "bad status")) status = -77;
    else if (is(request, "bad fault")) status = FUSION_E_FAULT, body = fusion_text("oh no");
    else if (is(request, "fault")) {
        status = FUSION_E_FAULT;
        body = fusion_text("{\"kind\":\"rate_limit\",\"message\":\"slowly\",\"retry_after_ms\":7}");
    } else if (is(request, "flood")) {
        static uint8_t much[1 << 20];
        const fusion_bytes piece = {much, sizeof much};
        int said = 0;
        while (said < 1000 && host->emit(host, call, FUSION_TEXT, piece) == FUSION_OK) said++;
    } else if (is(request, "endless")) {
        for (int said = 0; host->emit(host, call, FUSION_TEXT, fusion_text("x")) == FUSION_OK; said++)
            if (said % 100 == 0) usleep(100); /* it is read as it comes */
    } else if (is(request, "forge")) {
        for (uint64_t id = 0; id < 100000; id++) {
            if (id != call && host->complete(host, id * 0x9E3779B97F4A7C15u, FUSION_OK, none) == FUSION_OK) abort();
            if (id << 32 != call) host->emit(host, id << 32, FUSION_TEXT, bad_text);
        }
        host->complete(NULL, call, FUSION_OK, none);
        body = fusion_text("{}");
    } else if (is(request, "secrets")) {
        uint8_t room[8];
        size_t fits = host->secret(host, fusion_text("SHORT"), room, sizeof room);
        size_t not = host->secret(host, fusion_text("LONG"), room, sizeof room);
        size_t absent = host->secret(host, fusion_text("NONE"), room, sizeof room);
        size_t null = host->secret(host, null_with_length, NULL, 1000);
        snprintf(line, sizeof line, "%.*s %zu %zu %zu", (int)fits, (const char *)room, not, absent, null);
        host->log(host, 1, null_with_length);
        host->log(host, 1, bad_text);
        host->emit(host, call, FUSION_TEXT, fusion_text(line));
    } else if (is(request, "tell")) {
        uint8_t room[8];
        size_t len = host->secret(host, fusion_text("SHORT"), room, sizeof room);
        snprintf(line, sizeof line, "the key %.*s is wrong", (int)len, (const char *)room);
        host->log(host, 1, fusion_text(line));
        status = FUSION_E_AUTH;
        body = fusion_text(line);
    } else if (is(request, "where")) {
        extern char **environ;
        char folder[20], *variable = getenv("FUSION_TEST_SECRET");
        int count = 0;
        while (environ[count]) count++;
        snprintf(line, sizeof line, "%d %s %d %s %zd", (int)getpid(), getcwd(folder, sizeof folder), count, variable ? variable : "-", read(0, folder, 1));
        printf("this is no frame\n");
        fflush(stdout);
        host->emit(host, call, FUSION_TEXT, fusion_text(line));
    } else if (is(request, "clock")) {
        snprintf(line, sizeof line, "%d %d %d", host->now_ns(host, call) > 0, host->now_ms(host, call) > 0, host->now_ns(host, 12345) == 0);
        host->emit(host, call, FUSION_TEXT, fusion_text(line));
    } else if (is(request, "destroyed")) {
        snprintf(line, sizeof line, "%d", destroyed);
        host->emit(host, call, FUSION_TEXT, fusion_text(line));
    } else host->emit(host, call, FUSION_TEXT, request->text);

    instance->open--;
    const fusion_status first = host->complete(host, call, status, body);
    if (is(request, "twice")) {
        if (first != FUSION_OK) abort();
        if (host->complete(host, call, FUSION_OK, body) != FUSION_STALE) abort();
        if (host->emit(host, call, FUSION_TEXT, fusion_text("more")) != FUSION_STALE) abort();
        if (host->wanted(host, call) != FUSION_STALE) abort();
    }
    return FUSION_OK;
}

static void cancel(fusion_instance *instance, fusion_call call) {
    (void)call;
    instance->cancelled = 1;
}

static const fusion_plugin plugin = {
    sizeof plugin, FUSION_ABI, FUSION_OP_COMPLETE | FUSION_OP_STREAM, FLAGS, "naughty", "0.1", create, destroy, start, cancel,
};

const fusion_plugin *fusion_plugin_entry(void) { return &plugin; }
