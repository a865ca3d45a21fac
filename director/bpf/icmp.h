// ICMP errors about balanced connections, in both directions (docs/packet-path.md 6).
#pragma once
#include "client.h"

struct quoted {
	struct tuple tuple;   // of the packet that an answer to the quoted one would be: from its destination to its source
	__u32 header;         // offset of the quoted IP header
	__u32 transport;      // offset of the quoted ports
};

static __always_inline int is_icmp_error(const struct packet *packet)
{
	__u8 type = packet->flags;

	return packet->family == 4 ? type == 3 || type == 4 || type == 11 || type == 12 : type >= 1 && type <= 4;
}

struct ports {
	__be16 source, destination;
};

static __always_inline int read_quote(void *ctx, const int xdp, const struct packet *packet, struct quoted *quoted)
{
	__u32 end = LINK_LENGTH + packet->ip_length;
	struct ports ports;

	quoted->header = packet->transport + 8;
	if (packet->family == 4) {
		struct iphdr ip;

		if (quoted->header + sizeof(ip) > end || load_bytes(ctx, xdp, quoted->header, &ip, sizeof(ip)))
			return 0;
		if (ip.version != 4 || ip.ihl < 5 || ip.frag_off & bpf_htons(IP_OFFSET))
			return 0;
		map_address(&quoted->tuple.to, ip.saddr);
		map_address(&quoted->tuple.from, ip.daddr);
		quoted->tuple.protocol = ip.protocol;
		quoted->transport = quoted->header + ip.ihl * 4;
	} else {
		struct ipv6hdr ip;

		if (quoted->header + sizeof(ip) > end || load_bytes(ctx, xdp, quoted->header, &ip, sizeof(ip)))
			return 0;
		if (ip.version != 6)
			return 0;
		__builtin_memcpy(&quoted->tuple.to, &ip.saddr, sizeof(struct address));
		__builtin_memcpy(&quoted->tuple.from, &ip.daddr, sizeof(struct address));
		if (is_v4(&quoted->tuple.to) || is_v4(&quoted->tuple.from))
			return 0; // would be taken for IPv4
		quoted->tuple.protocol = ip.nexthdr;
		quoted->transport = quoted->header + sizeof(ip);
	}
	if (quoted->tuple.protocol != IPPROTO_TCP && quoted->tuple.protocol != IPPROTO_UDP)
		return 0;
	if (quoted->transport + 8 > end || load_bytes(ctx, xdp, quoted->transport, &ports, sizeof(ports)))
		return 0;
	quoted->tuple.to_port = ports.source;
	quoted->tuple.from_port = ports.destination;
	return 1;
}

// What becomes of an error: as decide.h's outcomes.
static __always_inline int decide_error(struct control *control, const struct packet *packet, const struct quoted *quoted,
					__u64 now, struct verdict *verdict)
{
	struct service *service;
	int result;

	if (!look_up_entry(control, &quoted->tuple, now, verdict)) {
		service = service_at(service_on(&quoted->tuple.to, quoted->tuple.to_port, quoted->tuple.protocol));
		return service && service->flags & SERVICE_PRESENT ? D_ICMP_UNMATCHED : LOCAL;
	}
	if (verdict->direction == OUTBOUND && !same_address(&packet->tuple.to, &verdict->slot->client))
		return LOCAL;
	verdict->server = server_at(verdict->slot->server);
	if (!verdict->server || verdict->server->flags & SERVER_LEAVING)
		return D_SERVER_REMOVED;
	result = check_way(packet, verdict);
	if (result != FORWARD)
		return result & REASON;
	count(verdict->slot, packet, verdict->direction);
	return verdict->method == METHOD_LOCAL ? LOCAL : FORWARD;
}

// nat: outer address and quoted end, from what one side knows to what the other does.
static __always_inline int translate_error(void *ctx, const int xdp, const struct packet *packet, const struct quoted *quoted,
					   const struct verdict *verdict)
{
	const struct slot *slot = verdict->slot;
	const int inbound = verdict->direction == INBOUND;
	const struct address *outer_before = inbound ? &packet->tuple.to : &packet->tuple.from;
	const struct address *before = inbound ? &slot->virtual : &slot->destination;
	const struct address *after = inbound ? &slot->destination : &slot->virtual;
	const __be16 port_before = inbound ? slot->virtual_port : slot->server_port;
	const __be16 port_after = inbound ? slot->server_port : slot->virtual_port;
	__u32 quoted_change = address_change(before, after), body = port_change(port_before, port_after), pseudo = 0;
	__u32 address_at = quoted->header + (packet->family == 4 ? (inbound ? 12 : 16) : (inbound ? 8 : 24));
	__be16 port = port_after;

	if (packet->family == 6) {
		// IPv4's header checksum takes up the address; IPv6 has none, so ICMPv6's must
		body = add(body, quoted_change);
		pseudo = address_change(outer_before, after);
	}
	if (adjust_check(ctx, xdp, packet->transport + 2, pseudo, body, 0) ||
	    store_bytes(ctx, xdp, quoted->transport + (inbound ? 0 : 2), &port, sizeof(port)))
		return -1;
	if (packet->family == 4) {
		__u32 v4 = as_v4(after);
		__u16 check;

		if (load_bytes(ctx, xdp, quoted->header + 10, &check, sizeof(check)))
			return -1;
		check = changed(check, quoted_change);
		if (store_bytes(ctx, xdp, quoted->header + 10, &check, sizeof(check)) ||
		    store_bytes(ctx, xdp, address_at, &v4, sizeof(v4)))
			return -1;
	} else {
		struct address v6 = *after;

		if (store_bytes(ctx, xdp, address_at, &v6, sizeof(v6)))
			return -1;
	}
	return translate(ctx, xdp, packet, !inbound, after, 0, 0);
}
