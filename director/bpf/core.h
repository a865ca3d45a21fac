// From frame to fate, the same for both hooks: read it, decide, change it, count it once.
#pragma once
#include "admit.h"
#include "answer.h"
#include "client.h"
#include "fragment.h"
#include "icmp.h"
#include "parse.h"

// Makes a called function of an inline one, for each shell.
#define BOTH_SHELLS(NAME, PARAMETERS, ...)                                            \
	static __noinline int NAME##_tc(struct __sk_buff *ctx, PARAMETERS)             \
	{                                                                              \
		return NAME(ctx, 0, __VA_ARGS__);                                      \
	}                                                                              \
	static __noinline int NAME##_xdp(struct xdp_md *ctx, PARAMETERS)               \
	{                                                                              \
		return NAME(ctx, 1, __VA_ARGS__);                                      \
	}

#define PARAMETERS(...) __VA_ARGS__

// An entry whose server has been removed. FORWARD means: take the packet for a new one.
static __always_inline int decide_leaving(const struct packet *packet, struct verdict *verdict)
{
	__u32 policy = verdict->server->flags >> SERVER_POLICY_SHIFT & 3;

	int anew = packet->tuple.protocol == IPPROTO_TCP && opens(packet->flags);

	if (verdict->direction == OUTBOUND || (policy == REMOVAL_SILENT && !anew))
		return D_SERVER_REMOVED;
	release(verdict->slot_index, verdict->word, 0);
	if (policy == REMOVAL_REASSIGN || anew)
		return FORWARD;
	return D_SERVER_RESET | (packet->flags & TCP_RST ? 0 : ANSWER_RESET);
}

static __always_inline int must_reschedule(const struct packet *packet, const struct verdict *verdict)
{
	__u8 state = state_of(verdict->word);

	if (packet->tuple.protocol != IPPROTO_TCP || !opens(packet->flags) || verdict->direction == OUTBOUND)
		return 0;
	return is_over(state, verdict->method) || (verdict->server->weight == 0 && state != S_SYN_RECV);
}

// While entries are on their way from the peer, a packet in mid-stream that meets a connection which is over may be of the
// next one with the same ports; the old one's server would reset it.
static __always_inline int may_be_unsynced(struct control *control, const struct packet *packet, const struct verdict *verdict, __u64 now)
{
	return packet->tuple.protocol == IPPROTO_TCP && verdict->direction == INBOUND &&
	       is_over(state_of(verdict->word), verdict->method) && now < READ(control->grace_until_ns);
}

// Takes the packet for the first of a new connection.
static __always_inline int begin(const struct packet *packet, struct verdict *verdict, __u64 now)
{
	struct admission admission = { .slot_index = NONE, .server_id = NONE };
	int result = admit(packet, &admission, now);
	__u32 hop_index;

	if (result == FORWARD)
		result = publish(admission.slot_index, admission.fresh ? admission.template : NONE);

	verdict->direction = INBOUND;
	verdict->slot = slot_at(admission.slot_index);
	verdict->slot_index = admission.slot_index;
	verdict->server = server_at(admission.server_id);
	if (verdict->server) {
		hop_index = READ(verdict->server->hop);
		verdict->hop = bpf_map_lookup_elem(&hops, &hop_index);
		verdict->method = verdict->server->method;
	}
	if (result != FORWARD)
		return result;
	if (!verdict->slot || !verdict->server)
		return D_LOST_RACE;
	verdict->word = READ(verdict->slot->word);
	return accept(packet, verdict, now);
}

static __always_inline int decide(struct control *control, const struct packet *packet, struct verdict *verdict, __u64 now)
{
	int result;

	if (!find_entry(control, &packet->tuple, now, verdict)) {
		// this host's stack would answer a packet with a reset whose entry is put in at this moment
		if (verdict->busy && !(packet->tuple.protocol == IPPROTO_TCP && opens(packet->flags)))
			return D_LOST_RACE;
		return begin(packet, verdict, now);
	}
	verdict->server = server_at(verdict->slot->server);
	if (!verdict->server)
		return D_SERVER_REMOVED;
	if (verdict->server->flags & SERVER_LEAVING) {
		result = decide_leaving(packet, verdict);
		return result == FORWARD ? begin(packet, verdict, now) : result;
	}
	if (must_reschedule(packet, verdict)) {
		release(verdict->slot_index, verdict->word, 0);
		return begin(packet, verdict, now);
	}
	if (may_be_unsynced(control, packet, verdict, now))
		return D_UNSYNCED;
	result = check_way(packet, verdict);
	return result == FORWARD ? accept(packet, verdict, now) : result;
}

BOTH_SHELLS(answer_reset, PARAMETERS(const struct packet *packet), packet)
BOTH_SHELLS(answer_icmp, PARAMETERS(const struct packet *packet, int complaint, __u32 mtu), packet, complaint, mtu)

static __always_inline int complain(void *ctx, const int xdp, const struct packet *packet, int complaint, __u32 mtu)
{
	return xdp ? answer_icmp_xdp(ctx, packet, complaint, mtu) : answer_icmp_tc(ctx, packet, complaint, mtu);
}

static __always_inline int answer(void *ctx, const int xdp, const struct packet *packet, const struct verdict *verdict, int outcome)
{
	switch (outcome & ANSWER) {
	case ANSWER_RESET:
		if (packet->fragment == LATER_FRAGMENT)
			return drop(xdp);
		if (packet->tuple.protocol == IPPROTO_TCP)
			return xdp ? answer_reset_xdp(ctx, packet) : answer_reset_tc(ctx, packet);
		return complain(ctx, xdp, packet, UNREACHABLE, 0);
	case ANSWER_TOO_BIG:
		return complain(ctx, xdp, packet, TOO_BIG, verdict->hop && verdict->server ? verdict->hop->mtu - overhead(verdict->server) : 0);
	case ANSWER_TTL:
		return complain(ctx, xdp, packet, TTL_EXPIRED, 0);
	}
	return drop(xdp);
}

#define RACED (-2)

// Changes the packet as decided and sends it; -1 if the kernel refused, RACED if the entry went on to another server.
static __always_inline int carry_in(void *ctx, const int xdp, const struct packet *packet, const struct verdict *verdict)
{
	if (!verdict->slot || !verdict->server)
		return -1;
	if (age(ctx, xdp, packet))
		return -1;
	if (verdict->method == METHOD_NAT &&
	    translate(ctx, xdp, packet, 0, &verdict->slot->destination, verdict->slot->server_port,
		      packet->fragment != LATER_FRAGMENT))
		return -1;
	if (verdict->method == METHOD_TUNNEL && encapsulate(ctx, xdp, packet, verdict))
		return -1;
	if (!is_still(verdict->slot, generation_of(verdict->word)))
		return RACED;
	return send_to_hop(ctx, xdp, verdict);
}

static __always_inline int refuse(struct totals *totals, const int xdp, int reason)
{
	if (reason >= 0 && reason < REASONS_MAX)
		totals->dropped[reason]++;
	return drop(xdp);
}

static __noinline int settle(struct totals *totals, int xdp, int outcome)
{
	if (outcome == LOCAL) {
		totals->local++;
		return pass(xdp);
	}
	return refuse(totals, xdp, outcome & REASON);
}

// What carry_out returns beside actions: the caller shall answer, with this MTU in the low bits.
#define COMPLAIN_TOO_BIG 0x10000

static __always_inline int carry_out(void *ctx, const int xdp, struct totals *totals, const struct packet *packet, __u32 slot_index,
				     __u32 generation)
{
	struct slot *slot = slot_at(slot_index);
	struct way way;
	int action;

	if (!slot)
		return settle(totals, xdp, D_LOST_RACE);
	look_up_way(ctx, xdp, packet, &slot->virtual, &way);
	if (is_too_big(packet, &way)) {
		settle(totals, xdp, D_TOO_BIG);
		return packet->fragment == LATER_FRAGMENT ? drop(xdp) : COMPLAIN_TOO_BIG | way.fib.mtu_result;
	}
	if (translate(ctx, xdp, packet, 1, &slot->virtual, slot->virtual_port, packet->fragment != LATER_FRAGMENT))
		return settle(totals, xdp, D_REWRITE_FAILED);
	if (!is_still(slot, generation))
		return settle(totals, xdp, D_LOST_RACE);
	action = send_to_client(ctx, xdp, packet, &way);
	if (action < 0)
		return settle(totals, xdp, D_REWRITE_FAILED);
	totals->forwarded++;
	return action;
}

BOTH_SHELLS(carry_out, PARAMETERS(struct totals *totals, const struct packet *packet, __u32 slot_index, __u32 generation),
	    totals, packet, slot_index, generation)

// An error's handling is in pieces for the sake of the stack, which is 512 bytes over all calls.
static __always_inline int error_to_client(void *ctx, const int xdp, const struct packet *packet, const struct slot *slot)
{
	struct way way;

	look_up_way(ctx, xdp, packet, &slot->virtual, &way);
	return send_to_client(ctx, xdp, packet, &way);
}

static __always_inline int error_to_server(void *ctx, const int xdp, const struct packet *packet, const struct verdict *verdict)
{
	if (!verdict->server || age(ctx, xdp, packet) ||
	    (verdict->method == METHOD_TUNNEL && encapsulate(ctx, xdp, packet, verdict)))
		return -1;
	return send_to_hop(ctx, xdp, verdict);
}

BOTH_SHELLS(read_quote, PARAMETERS(const struct packet *packet, struct quoted *quoted), packet, quoted)
BOTH_SHELLS(translate_error, PARAMETERS(const struct packet *packet, const struct quoted *quoted, const struct verdict *verdict),
	    packet, quoted, verdict)
BOTH_SHELLS(error_to_client, PARAMETERS(const struct packet *packet, const struct slot *slot), packet, slot)
BOTH_SHELLS(error_to_server, PARAMETERS(const struct packet *packet, const struct verdict *verdict), packet, verdict)

static __always_inline int handle_error(void *ctx, const int xdp, struct totals *totals, const struct packet *packet)
{
	struct control *control = control_record();
	struct verdict verdict = {};
	struct quoted quoted = {};
	int outcome, action;

	if (!control || packet->fragment != WHOLE || !is_icmp_error(packet) ||
	    !(xdp ? read_quote_xdp(ctx, packet, &quoted) : read_quote_tc(ctx, packet, &quoted)))
		return settle(totals, xdp, LOCAL);
	outcome = decide_error(control, packet, &quoted, now_ns(control), &verdict);
	if (outcome != FORWARD)
		return settle(totals, xdp, outcome);
	if (!verdict.slot)
		return settle(totals, xdp, D_LOST_RACE);
	if (verdict.method == METHOD_NAT &&
	    (xdp ? translate_error_xdp(ctx, packet, &quoted, &verdict) : translate_error_tc(ctx, packet, &quoted, &verdict)))
		return settle(totals, xdp, D_REWRITE_FAILED);
	if (!is_still(verdict.slot, generation_of(verdict.word)))
		return settle(totals, xdp, D_LOST_RACE);
	if (verdict.direction == OUTBOUND)
		action = xdp ? error_to_client_xdp(ctx, packet, verdict.slot) : error_to_client_tc(ctx, packet, verdict.slot);
	else
		action = xdp ? error_to_server_xdp(ctx, packet, &verdict) : error_to_server_tc(ctx, packet, &verdict);
	if (action < 0)
		return settle(totals, xdp, D_REWRITE_FAILED);
	totals->forwarded++;
	return action;
}

BOTH_SHELLS(handle_error, PARAMETERS(struct totals *totals, const struct packet *packet), totals, packet)

static __always_inline int handle_flow(void *ctx, const int xdp, struct control *control, struct totals *totals, const struct packet *packet)
{
	struct verdict found = {}, *verdict = &found;
	__u64 now = now_ns(control);
	int outcome, action;

	if (packet->fragment == LATER_FRAGMENT)
		outcome = decide_fragment(packet, verdict);
	else
		outcome = decide(control, packet, verdict, now);
	if (packet->fragment == FIRST_FRAGMENT && (outcome == FORWARD || outcome == LOCAL) && verdict->slot)
		remember_fragment(packet, verdict->slot_index, verdict->direction);
	if (outcome != FORWARD) {
		if (outcome >= 0 && outcome & ANSWER) {
			settle(totals, xdp, outcome);
			return answer(ctx, xdp, packet, verdict, outcome);
		}
		return settle(totals, xdp, outcome);
	}
	if (verdict->direction == OUTBOUND) {
		action = xdp ? carry_out_xdp(ctx, totals, packet, verdict->slot_index, generation_of(verdict->word)) :
			       carry_out_tc(ctx, totals, packet, verdict->slot_index, generation_of(verdict->word));
		return action & COMPLAIN_TOO_BIG ? complain(ctx, xdp, packet, TOO_BIG, action & 0xffff) : action;
	}
	action = carry_in(ctx, xdp, packet, verdict);
	if (action < 0)
		return settle(totals, xdp, action == RACED ? D_LOST_RACE : D_REWRITE_FAILED);
	totals->forwarded++;
	return action;
}

static __always_inline int handle(void *ctx, const int xdp)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct totals *totals_here = bpf_map_lookup_elem(&totals, &cpu);
	struct control *control = control_record();
	struct packet packet = {};

	if (!totals_here || !control)
		return pass(xdp);
	totals_here->in++;
	switch (parse(ctx, xdp, &packet)) {
	case PARSED:
		packet.wire_length = wire_length(ctx, xdp, &packet);
		return handle_flow(ctx, xdp, control, totals_here, &packet);
	case PARSED_ICMP:
		packet.wire_length = packet.ip_length;
		return xdp ? handle_error_xdp(ctx, totals_here, &packet) : handle_error_tc(ctx, totals_here, &packet);
	case PARSED_MALFORMED:
		return settle(totals_here, xdp, D_MALFORMED);
	case PARSED_MALFORMED_TRANSPORT:
		return settle(totals_here, xdp, D_MALFORMED_TRANSPORT);
	}
	return settle(totals_here, xdp, LOCAL);
}
