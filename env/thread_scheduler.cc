#include "env/thread_scheduler.h"

namespace aeternus::env {

#ifndef NDEBUG
constinit thread_local ThreadScheduler* ThreadScheduler::current_ = nullptr;
#endif

}  // namespace aeternus::env
