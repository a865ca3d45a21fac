// What user space and the packet program share: records, their sizes, and the numbers in them.
// director/engine/ebpf/layout.ts mirrors this file; a test compares both through the object's BTF.
#pragma once
#include <linux/types.h>

#define LAYOUT_VERSION 2

#define CELLS_PER_BUCKET 16
#define MEMBERS_MAX 256
#define STATES_MAX 16
#define REASONS_MAX 29
#define NAME_BYTES 64
#define LOCKS 1024
#define NONE 0xffffffffu

enum direction { INBOUND, OUTBOUND };
enum method { METHOD_NAT, METHOD_ROUTE, METHOD_TUNNEL, METHOD_LOCAL };
enum scheduler { SCHEDULER_RR, SCHEDULER_WRR, SCHEDULER_LC, SCHEDULER_WLC };
enum kind { KIND_FREE, KIND_CONNECTION, KIND_TEMPLATE };
// Beside a kind: the entry is being made. Nobody but its maker uses or frees it; its keys are taken, though.
#define MAKING 4
// In a word, beside MAKING: the entry is being ended, and its maker is whoever ends it.
#define ENDING 0x10000u
enum change { CHANGE_CREATED, CHANGE_STATE, CHANGE_CLOSED, CHANGE_REFRESHED };
// What an event says beside the change; EVENT_EXPIRED and EVENT_FROM_PEER are also given to those who make it.
#define EVENT_FROM_PEER 1u
#define EVENT_EXPIRED 2u
#define EVENT_CONTROLLED 4u
// Which events are wanted: control.events_on.
#define EVENTS_OWN 1u
#define EVENTS_OF_PEER 2u

// Order of CONNECTION_STATES in director/model/state.ts; 0 to 10 are the kernel's IP_VS_TCP_S_*.
enum state {
	S_NONE, S_ESTABLISHED, S_SYN_SENT, S_SYN_RECV, S_FIN_WAIT, S_TIME_WAIT, S_CLOSE,
	S_CLOSE_WAIT, S_LAST_ACK, S_LISTEN, S_SYNACK, S_UDP, S_TEMPLATE,
};

// Order of DROP_REASONS in director/model/counters.ts.
enum reason {
	D_MALFORMED, D_MALFORMED_TRANSPORT, D_NO_SERVER, D_TABLE_FULL, D_INDEX_FULL, D_SERVER_REMOVED,
	D_SERVER_RESET, D_FRAGMENT_UNKNOWN, D_TOO_BIG, D_NO_ROUTE, D_ICMP_UNMATCHED, D_REWRITE_FAILED,
	D_TUPLE_CONFLICT, D_TTL_EXPIRED, D_LOST_RACE, D_UNSYNCED, D_UNGUARDED,
};

#define SERVER_PRESENT 1u
#define SERVER_LEAVING 2u
#define SERVER_POLICY_SHIFT 8 /* enum removal, two bits */
enum removal { REMOVAL_SILENT, REMOVAL_RESET, REMOVAL_REASSIGN };

#define SERVICE_PRESENT 1u
#define SERVICE_LEAVING 2u

#define HOP_RESOLVED 1u /* link addresses are known */
#define HOP_USABLE 2u   /* the kernel can be asked to resolve it */

// 16-byte address, IPv4 mapped (RFC 4291, 2.5.5.2), as two words for cheap comparison.
struct address {
	__u64 word[2];
};

// A packet's addresses as seen by the packet; also the key of the index.
struct tuple {
	struct address from, to;
	__be16 from_port, to_port;
	__u8 protocol;
	__u8 pad[3];
};

// One connection or template; two cache lines. The first one is all that finding it needs, and packets of an
// established connection do not write to it.
// `word` is generation << 32 | ENDING | kind << 8 | state and changes by compare-and-swap only: whoever wins a
// change moves the server's counters, whoever wins the change to ENDING frees the rest.
struct slot {
	__u64 word;
	struct address client;
	struct address virtual;
	__be16 client_port, virtual_port, server_port;
	__u8 protocol;
	__u8 method;
	__u32 service;
	__u32 server;
	union {
		__u32 template;  // slot that this connection refers to, or NONE
		__u32 next_free; // of a free slot: index + 1 of the next one, 0 = last
	};
	__u32 template_generation;

	struct address destination; // the real server
	__u64 seen_ns;
	__u32 packets_in;
	__u32 packets_out;
	__u64 bytes_in;
	__u64 bytes_out;
	__u32 timeout_ms;     // template: its lifetime; connection: 0 = by state
	union {
		__u32 sequence_base; // ftp: where the delta begins
		__u32 controls;      // template: connections that refer to it
	};
	__s16 sequence_delta; // ftp: bytes added to the server's stream from there on
	__s16 sequence_delta_before;
	__u32 sync_position;
};

struct bucket {
	__u32 cell[CELLS_PER_BUCKET]; // tag << 24 | slot + 1, 0 = empty
};

struct service {
	__u32 flags;
	__u32 scheduler;
	__u64 members;  // first << 32 | count, into the member list; one word, so that a new list appears at once
	__u64 position; // index << 32 | current weight (docs/packet-path.md 4)
	__u32 weight_gcd;
	__u32 weight_max;
	struct address persistence_mask;
	__u32 persistence_ms; // 0 = not persistent
	__be16 port;
	__u8 protocol;
	__u8 pad;
	struct address listen;
	__u64 retired[5]; // traffic of servers that are gone, struct traffic's order
	char name[NAME_BYTES];
	__u8 room[80];
};

struct server {
	__u32 flags;
	__u32 weight;
	__u32 service;
	__u32 hop;
	struct address address;
	__be16 port;
	__u8 method;
	__u8 pad[5];
	__u8 room[24];

	__u32 active, inactive, templates;
	__u8 pad2[52];

	char name[NAME_BYTES];
	__u8 room2[64];
};

// How to reach a server; never changed in place while in use (a server is pointed to a new one instead).
struct hop {
	__u32 flags;
	__u32 interface;
	__u8 destination_mac[6];
	__u8 source_mac[6];
	__u32 mtu;
	struct address gateway; // whom to resolve
	struct address source;  // this host's address on the way, for outer headers
	__u64 pad;
};

// Per CPU and server.
struct traffic {
	__u64 connections, packets_in, packets_out, bytes_in, bytes_out;
	__u64 pad[3];
};

// Per CPU.
struct totals {
	__u64 in, forwarded, local;
	__u64 dropped[REASONS_MAX];
};

struct service_key {
	struct address address;
	__be16 port;
	__u8 protocol; // 0 with port 0: the address belongs to some virtual service
	__u8 pad[5];
};

struct fragment_key {
	struct address from, to;
	__u32 id;
	__u8 protocol;
	__u8 pad[3];
};

struct fragment {
	__u64 expires_ns;
	__u32 slot;
	__u32 generation;
	__u32 direction;
	__u32 pad;
};

#define ATTACHMENTS_MAX 64

// Where the packet program stands, for the process that takes over.
struct attachment {
	__u32 interface; // 0 = none
	__u32 xdp;       // 0: tc
};

// One record of things that programs and user space tell each other.
struct control {
	__u32 layout;
	__u32 slots_max;
	__u32 servers_max;
	__u32 cpus;
	__u64 hash_key[2];
	__u64 timeouts_ns[STATES_MAX];
	__u64 test_now_ns;
	__u32 slots_high; // slots below have been in use
	__u32 slots_used;
	__u32 events_on;
	__u32 events_lost;
	__u64 free_head; // changes << 32 | index + 1 of a free slot, 0 = none
	struct attachment attachments[ATTACHMENTS_MAX];
	__u64 grace_until_ns; // until then TCP in mid-stream without an entry is dropped, not reset
	__u64 admit_until_ns; // from then on no connection begins; 0 = they always may
	__u64 pad[2];
};

// Fixed by the loader before loading, so that they are constants to the JIT.
struct constants {
	__u64 hash_key[2];
	__u32 index_mask;
	__u32 slots_max;
	__u32 servers_max;
	__u32 test_clock;
	__u64 tick_ns;        // of the kernel's jiffies
	__u64 ticks_began_ns; // when they were 0, by CLOCK_MONOTONIC
};

struct event {
	__u8 change;
	__u8 flags;
	__u16 pad;
	__u32 slot_index;
	__u64 at_ns;
	struct slot slot;
};

#define INBOX_RECORDS 512

enum install_what { INSTALL_UPSERT, INSTALL_CLOSE, INSTALL_TEMPLATE_UPSERT, INSTALL_TEMPLATE_CLOSE };
#define INSTALL_AUTHORITATIVE 1u
#define INSTALL_CONTROLLED 2u
#define INSTALL_COUNTERS 4u
#define INSTALL_SEQUENCE 8u
#define INSTALL_EXPIRED 16u

enum install_result {
	R_CREATED, R_UPDATED, R_UNCHANGED, R_REPLACED, R_CLOSED, R_ABSENT, R_CONFLICT, R_TABLE_FULL, R_INDEX_FULL,
	R_UNKNOWN_SERVER, R_LOST_RACE, R_INVALID,
};

// One word of the peer's about an entry, and what became of it. Any bytes may stand in here.
struct install {
	__u8 what;
	__u8 state;
	__u8 method;
	__u8 protocol;
	__u32 flags;
	struct address client; // of a template: masked
	struct address virtual;
	struct address destination;
	__be16 client_port, virtual_port, server_port;
	__u16 pad;
	__u32 service, server;
	__u32 left_ms;    // of its life
	__u32 timeout_ms; // template: its whole life
	__u32 packets_in, packets_out;
	__u64 bytes_in, bytes_out;
	__u32 sequence_base;
	__s16 sequence_delta, sequence_delta_before;
	__u32 result;
	__u32 slot_index;
	__u64 pad2;
};

// Arguments of the install program, as the first bytes of its frame.
struct batch {
	__u32 from, count;
};

// Arguments of the sweep program: which slots, and what to free among them.
struct sweep {
	__u32 from, count;
	__u32 kind;
	__u32 service, server; // NONE = any
	__u32 all;             // 0: only expired ones
	__u32 freed;
	__u32 pad;
};
