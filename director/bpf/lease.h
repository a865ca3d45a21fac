// What the lease program and heartbeat/takeover/lease.ts share; lease.root.test.ts compares both by the object's BTF.
#pragma once
#include <linux/types.h>

#define LEASE_LAYOUT 1
#define LEASE_VIPS_MAX 2048
#define LEASE_INTERFACES_MAX 64

// Why a frame was silenced.
enum silence { SILENT_ARP_IN, SILENT_ARP_OUT, SILENT_ND_IN, SILENT_ND_OUT, SILENCES };

// One per director. `until_ns` stays where it is in every layout, so that a newer process can carry it over.
struct lease {
	__u64 until_ns; // CLOCK_BOOTTIME; 0: let go
	__u64 renewed_ns;
	__u32 layout;
	__u32 reserved;
	__u64 passed; // frames concerning a VIP while the lease was young
	__u64 silenced[SILENCES];
	__u64 claims; // frames that came in by which somebody else says that a VIP is his
	__u32 interfaces[LEASE_INTERFACES_MAX]; // where the program stands; 0: none. Not read by it
};
