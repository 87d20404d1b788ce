/* What a message of a peer did to an exchange. */
#pragma once

enum auth_verdict {
	AUTH_CONTINUE, /* the reply was appended; another message is awaited */
	AUTH_OK, /* the peer proved who it is; the exchange has ended */
	AUTH_FAILED, /* it did not: 28P01 (E1); the exchange has ended */
	AUTH_MALFORMED /* it does not speak the protocol: 08P01 (E8); the exchange has ended */
};
