// The TCP states of a connection seen from its director: which state follows which, by direction and flags.
// Facts of the kernel's IPVS (net/netfilter/ipvs/ip_vs_proto_tcp.c); director/connections holds the same
// tables for the reference model, and a test compares the two.
#pragma once
#include "layout.h"

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10

#define NO S_NONE
#define ES S_ESTABLISHED
#define SS S_SYN_SENT
#define SR S_SYN_RECV
#define FW S_FIN_WAIT
#define TW S_TIME_WAIT
#define CL S_CLOSE
#define CW S_CLOSE_WAIT
#define LA S_LAST_ACK
#define LI S_LISTEN
#define SA S_SYNACK

#define TABLE_INPUT 0
#define TABLE_OUTPUT 1
#define TABLE_INPUT_ONLY 2

// [table * 4 + event][state], events SYN, FIN, ACK, RST
const __u8 tcp_states[12][STATES_MAX] = {
	/*            NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
	/* input */ { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
	            { CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW },
	            { CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
	            { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR },
	/* output */{ SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR },
	            { TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW },
	            { ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES },
	            { CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL },
	/* only */  { SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR },
	            { CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW },
	            { CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES },
	            { CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL },
};

#undef NO
#undef ES
#undef SS
#undef SR
#undef FW
#undef TW
#undef CL
#undef CW
#undef LA
#undef LI
#undef SA

static __always_inline __u8 next_state(__u8 state, __u8 method, __u8 direction, __u8 flags)
{
	__u32 event, table;

	if (flags & TCP_RST)
		event = 3;
	else if (flags & TCP_SYN)
		event = 0;
	else if (flags & TCP_FIN)
		event = 1;
	else if (flags & TCP_ACK)
		event = 2;
	else
		return S_CLOSE;
	table = method != METHOD_NAT ? TABLE_INPUT_ONLY : direction == INBOUND ? TABLE_INPUT : TABLE_OUTPUT;
	return tcp_states[table * 4 + event][state & (STATES_MAX - 1)];
}

static __always_inline int opens(__u8 flags)
{
	return (flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}

static __always_inline int is_active(__u8 state)
{
	return state == S_ESTABLISHED || state == S_UDP;
}

// States in which the client may use its port for a new connection.
static __always_inline int is_over(__u8 state, __u8 method)
{
	return state == S_TIME_WAIT || state == S_CLOSE || state == S_LAST_ACK ||
	       (state == S_FIN_WAIT && method != METHOD_NAT);
}
