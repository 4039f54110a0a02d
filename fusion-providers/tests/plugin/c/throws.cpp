// A plugin whose `start` lets an exception out.
#include <stdexcept>

#include "fusion_plugin.h"

static fusion_status create(const fusion_host *host, fusion_bytes, fusion_instance **instance, char *) {
    *instance = reinterpret_cast<fusion_instance *>(const_cast<fusion_host *>(host));
    return FUSION_OK;
}
static void destroy(fusion_instance *) {}
static fusion_status start(fusion_instance *, const fusion_request *) { throw std::runtime_error("out of here"); }
static void cancel(fusion_instance *, fusion_call) {}

static const fusion_plugin plugin = {
    sizeof plugin, FUSION_ABI, FUSION_OP_COMPLETE, 0, "throws", "0.1", create, destroy, start, cancel,
};

extern "C" FUSION_EXPORT const fusion_plugin *fusion_plugin_entry(void) { return &plugin; }
