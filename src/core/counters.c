// SPDX-License-Identifier: MIT
#include "core/counters.h"

struct bp_counters bp_counters;
