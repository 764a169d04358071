// An execution provider that ONNX Runtime loads as a plug-in: it offers GPUS pretended GPUs and takes no node at all, so
// that everything falls back to the processor. For tests of what the engine makes of that.
#include <string.h>

#include "onnxruntime_c_api.h"

static const OrtApi* ort;
static const OrtEpApi* eps;

static const char* ORT_API_CALL ep_name(const OrtEp* ep) { (void)ep; return "PretendedExecutionProvider"; }

static OrtStatus* ORT_API_CALL takes_nothing(OrtEp* ep, const OrtGraph* graph, OrtEpGraphSupportInfo* support) {
  (void)ep; (void)graph; (void)support;
  return NULL;
}

static OrtEp provider = {.ort_version_supported = ORT_API_VERSION, .GetName = ep_name, .GetCapability = takes_nothing};

static const char* ORT_API_CALL name(const OrtEpFactory* factory) { (void)factory; return "PretendedExecutionProvider"; }

static const char* ORT_API_CALL vendor(const OrtEpFactory* factory) { (void)factory; return "nobody"; }

static uint32_t ORT_API_CALL vendor_id(const OrtEpFactory* factory) { (void)factory; return 0x10de; }

static const char* ORT_API_CALL version(const OrtEpFactory* factory) { (void)factory; return "1.0.0"; }

static OrtStatus* ORT_API_CALL devices(OrtEpFactory* factory, const OrtHardwareDevice* const* there, size_t count,
                                       OrtEpDevice** offered, size_t most, size_t* offers) {
  (void)there; (void)count;
  *offers = 0;
  for (uint32_t i = 0; i < GPUS && i < most; i++) {
    OrtHardwareDevice* gpu = NULL;
    OrtStatus* status = eps->CreateHardwareDevice(OrtHardwareDeviceType_GPU, 0x10de, i, "nobody", NULL, &gpu);
    if (status == NULL) status = eps->CreateEpDevice(factory, gpu, NULL, NULL, &offered[i]);
    if (status != NULL) return status;
    ++*offers;
  }
  return NULL;
}

static OrtStatus* ORT_API_CALL create(OrtEpFactory* factory, const OrtHardwareDevice* const* on,
                                      const OrtKeyValuePairs* const* metadata, size_t count,
                                      const OrtSessionOptions* options, const OrtLogger* logger, OrtEp** ep) {
  (void)factory; (void)on; (void)metadata; (void)count; (void)options; (void)logger;
  *ep = &provider;
  return NULL;
}

static void ORT_API_CALL release(OrtEpFactory* factory, OrtEp* ep) { (void)factory; (void)ep; }

static OrtStatus* ORT_API_CALL no_allocator(OrtEpFactory* factory, const OrtMemoryInfo* info, const OrtKeyValuePairs* options,
                                            OrtAllocator** allocator) {
  (void)factory; (void)info; (void)options;
  *allocator = NULL;
  return NULL;
}

static void ORT_API_CALL release_allocator(OrtEpFactory* factory, OrtAllocator* allocator) { (void)factory; (void)allocator; }

static OrtStatus* ORT_API_CALL no_transfer(OrtEpFactory* factory, OrtDataTransferImpl** transfer) {
  (void)factory;
  *transfer = NULL;
  return NULL;
}

static bool ORT_API_CALL has_no_streams(const OrtEpFactory* factory) { (void)factory; return false; }

static OrtEpFactory made = {
    .ort_version_supported = ORT_API_VERSION,
    .GetName = name,
    .GetVendor = vendor,
    .GetVendorId = vendor_id,
    .GetVersion = version,
    .GetSupportedDevices = devices,
    .CreateEp = create,
    .ReleaseEp = release,
    .CreateAllocator = no_allocator,
    .ReleaseAllocator = release_allocator,
    .CreateDataTransfer = no_transfer,
    .IsStreamAware = has_no_streams,
};

OrtStatus* CreateEpFactories(const char* registered, const OrtApiBase* base, const OrtLogger* logger,
                             OrtEpFactory** factories, size_t most, size_t* count) {
  (void)registered; (void)logger; (void)most;
#ifdef VERSION
  // As a library of another version does, which asks for an interface that this ONNX Runtime has not.
  ort = base->GetApi(ORT_API_VERSION);
  if (base->GetApi(VERSION) == NULL) return ort->CreateStatus(ORT_FAIL, "this provider needs another version of ONNX Runtime");
#endif
  ort = base->GetApi(ORT_API_VERSION);
  eps = ort->GetEpApi();
  factories[0] = &made;
  *count = 1;
  return NULL;
}

OrtStatus* ReleaseEpFactory(OrtEpFactory* factory) { (void)factory; return NULL; }
