// What an ONNX Runtime of an older version answers when it is asked for an interface that it has not.
#include <stddef.h>

typedef struct { const void* (*get_api)(unsigned version); const char* (*get_version)(void); } Base;

static const void* get_api(unsigned version) { return version <= 29 ? "interface" : NULL; }

static const char* get_version(void) { return "1.29.0"; }

static const Base base = {get_api, get_version};

const Base* OrtGetApiBase(void) { return &base; }
