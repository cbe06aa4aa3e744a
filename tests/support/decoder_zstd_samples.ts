/** Frames that the reference implementation made, zstd 1.5.4, so that the tests need no other file. */

/** The same words for the same seed. The frames below hold 4000 bytes of seed 1. */
export function prose(bytes: number, seed: number): string {
  const words = "tide table scene event harbour lantern quarter basement".split(" ");
  let state = seed;
  let text = "";
  while (text.length < bytes) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    text += words[(state >>> 24) & 7]! + ((state >>> 16) & 31);
    text += (state & 0x300) === 0 ? ".\n" : " ";
  }
  return text.slice(0, bytes);
}

export const MESSAGE =
  '{"did":"did:plc:tidetables","kind":"commit","commit":{"operation":"create",' +
  '"collection":"app.subcult.scene","record":{"name":"Tide tables",' +
  '"createdAt":"2026-08-20T09:30:00.000Z"}}}';

/** A dictionary of 1 kB, ID 77. */
export const DICTIONARY = frame(`
N6Qw7E0AAAApEMiSJB3///////+fs7XEWp5gyBjEWoD/z2BvKeWWieRoLE+EEEIIIRSDAAAgGDQSkSG7AQAABEBFDZyQpJSLAj
EAAFQAAAAAABgIAAAAAAAAAAAAA+ACAACDHgAAAFQu8FotUwgAAAAAAAAAAAAAAAABAAAABAAAAAgAAABuYW1lIjoiYmFzZW1l
bnQyIHNjZW5lMjkgdGFibGUxMS5cbmhhcmJvdXIxMy5cbmxhIiwiY3JlYXRlZEF0IjoiMjAyNi0wOC0yMFQwOTozMDowMC4wMD
BaIn19fXsiZGlkIjoiZGlkOnBsYzpzY2VuZTE3LlxucXVhcnRlcjI4Llxuc2NlbiIsImtpbmQiOiJjb21taXQiLCJjb21taXQi
Onsib3BlcmF0aW9uIjoiY3JlYXRlIiwiY29sbGVjdGlvbiI6ImFwcC5zdWJjdWx0LnNjZW5lIiwicmVjb3JkIjp7Im5hbWUiOi
JzY2VuZTMxIGV2ZW50MTguXG5iYXNlbWVudDEyIHF1YXJ0ZXIxNiBldiIsImNyZWF0ZWRBdCI6IjIwMjYtMDgtMjBUMDk6MzA6
MDAuMDAwWiJ9fX17ImRpZCI6ImRpZDpwbGM6bGFudGVybjExIHF1YXJ0ZXIyMy5cbmhhciIsImtpbmQiOiJjb21taXQiLCJjb2
1taXQiOnsib3BlcmF0aW9uIjoiY3JlYXRlIiwiY29sbGVjdGlvbiI6ImFwcC5zdWJjdWx0LnNjZW5lIiwicmVjb3JkIjp7Im5h
bWUiOiJsYW50ZXJuMjUgaGFyYm91cjEyLlxudGFibGUyNy5cbnNjZW5lMjUgdGEiLCJjcmVhdGVkQXQiOiIyMDI2LTA4LTIwVD
A5OjMwOjAwLjAwMFoifX19eyJkaWQiOiJkaWQ6cGxjOnRpZGUyOCBxdWFydGVyMjkgdGFibGUxNCIsImtpbmQiOiJjb21taXQi
LCJjb21taXQiOnsib3BlcmF0aW9uIjoiY3JlYXRlIiwiY29sbGVjdGlvbiI6ImFwcC5zdWJjdWx0LnNjZW5lIiwicmVjb3JkIj
p7Im5hbWUiOiJ0aWRlMTAgaGFyYm91cjE4IHF1YXJ0ZXIxNCBiYXNlbWVudDE2LlxuaCIsImNyZWF0ZWRBdCI6IjIwMjYtMDgt
MjBUMDk6MzA6MDAuMDAwWiJ9fX17ImRpZCI6ImRpZDpwbGM6aGFyYm91cjI5IGxhbnRlcm42IGxhbnRlIiwia2luZCI6ImNvbW
1pdCIsImNvbW1pdCI6eyJvcGVyYXRpb24iOiJjcmVhdGUiLCJjb2xsZWN0aW9uIjoiYXBwLnN1YmN1bHQuc2NlbmUiLA==
`);

/** `MESSAGE` with the dictionary; neither content size nor checksum. */
export const MESSAGE_WITH_DICTIONARY = frame(`
KLUv/QEATe0AAFh0YWJsZXNUaWRlIAX8I7QBshSHiPRhSvtDM8sD
`);

/** `MESSAGE` without a dictionary: content size, checksum. */
export const MESSAGE_ALONE = frame(`
KLUv/SS0FQQAEsgZGoC3bZK+7CUii+9FNgoT4FzJ6GHWGsBkEjsNTdPccHfnDi+AhDvOKAZXCIwzju+CAlb5OH4TpLSt3KY2ld
NpSWRRDmMoN6VttC2PV4sbtWXrDBJvTpKVig8nrmxCUK9yYyaGeGU9EwkATAwgR6UhREFUWDmTFKoxlud/LstajECimok=
`);

/** Level 3: content size, checksum, four Huffman streams, tables of its own. */
export const PROSE = frame(`
KLUv/WSgDhUiAOYTMRqAJVEHiKBxxT/gGAiKw8C8ss3uvYWFizFUOjIAKQAnAHf5iMGJOez9tRlMgBmIohxiVtmA0IjJZrACVr
DFonVpWaEgWlEHawdxICjqOAwUBxEQp1VVU/HPqD7Xv1wXz30eMedu3VHvualohMWNgzWDKJSUlxkMwFASMQFsQPju0/VZ6tui
1IUTg0ZFf4eauqq6a5Qle27PGnWVLtulmteTTRVlzQaE1js88y617aNv/9OI/Vfqat3x5p29TYeIir33/muBxKhBRpSiSjbWMQ
QNQpEot/YRYAwFgpyWFDrnvTHnbUfH5NlivaDJyXOyOY7F2g6KjjtzJAvekE27Jj1JU5wQBWCBpqVmjMh+iPwCkbf4lna3sjAm
wviDSF1l2dwgLbeogJGTaeQR/Wk9ItS3HVvus2sG5Mijno2BqpQLB+6UOIcFtbFDdUKWCBdMrwg/q46Hu21rso7rekY94mV2KD
TBEE2YFqnKFdZK7JjVJI0X4dpCX33oAwzv+UNngVvDISUbHwFlYUMN0V6cSl88JWh4pe2JiP/lY/2pRTBNF340PBKceCyBKQc4
mHgyogEU+lZkmWC3NRq7DsfHQQe7sVw3dbHZ7oICzMI0y9MogLBBIdRmAwT2kvB9F1GwVjda8pi9T0/5AtaJ08H3ugSdAUnbaL
t7vViZg4ti0MS6RgqkCYb/i8j026ZGC7ujovPyaJBQKupANVfj8TpTtPk75vqFIKrm5bUwG4vIhRBxp7ncqfbmJEJOANH2slO+
rdScCW/yP1CW+5scN1hjaDYVfLHXgH6NxNEGjdBA4oOIqMB/YrcpsOneUc3AaWDVuHkF0ba0GPXsAZtdirEJbXEuRQNgK8zML4
RICexrT5cozGXNQS9/QR6xf22Rgc3zNl96KPQAmrOMQp7AMR27P8uEwgOrX72ofYImVfYChoUf3ATC2FmTiOo0HauXK6KkqpaU
kskSP9EiQFGFQTawfJ7sNc7dTAnGMDZkekv6zK+zdYFShwhLjZLs1DkuboMFdOobcrgXkSgUpQ5YzkCx11XDZaLbOCrsN9Q6UM
wFgmdzX3WDTtZsdUPV2ORN2Kdm87co4GNr+4qhjmzqhXLb2o6PBRBUGgXJMEY2KsipondKe012uuGpz+I2bFv8sxlZft/N6aQO
vJ5UPqAgotQTb0BHK+DH0mbsi66nfT3fauSHZeRMZmR4N62eQDRkAZkAAjhliUccOpxRRUaWwKdLciGnDkU0YeGSKpXPWyaDlv
P7K7YGOFQNhKJr8DPNo+czsVcLbZYM4Ngb/EFoEK/02CWdU8MUThmIYfeBuFLJK9id7OnLXgYHYyIrjOqXVlYFasLtivdnH2lE
SaOM9lPg3s5S62K9dUTLfI7G1+WQRbt2D/OUa3I97J4V1QJ5Ua4kk0J1PxsmdRQfcMb+jTNchij0b47CAs4GREI2iGm/bBX3hV
JQ
`);

/** Level 19: content size, no checksum. */
export const PROSE_SLOW = frame(`
KLUv/WCgDm0fAKYXNxpwSZMOaA3QSkmZ4lRVhUM22WRLuQXj/m+9F0EAKwApAKwPxEiOooAwZRqHEZBAmIm74dBiv0wOw8BIKA
AIMhwODQGCxHAoyWEsGCzamSCNAoAiIQ4xEqRQQCAOUTgAQIqBNcOPePOclUJ60tl4mxZDnmMpqZRym+PR1ASpbmp9y6lZRO2X
tmfaJEPbKn9bFUNl6PM1S//y5ep0V/0YHXIatvQse+ZJPNO578kezfCU4WB2Pjvexq+2/sz7t+k7u4YXw6+3Knshmt3yyN4qyW
lHFF7sncwXrWZadRiBqKixZamMSqY5QQiBYRhMk+oBIQiC8aSok4KkMR4KzgcbMS61vWTLkUQ/BAQfT/N3V0zQOSxQPd7DggRW
RGOXRHCF5a58+9oGxs54Dh8SzKwF4D8539rNDsRA7y3yfCik0IXVILNeyHFsFGNcQzDcuJn3pV0cwgmxFHDM8vOzUkI5rutO40
+Mxul9SJ1cW6ZjXC4Ir4YjXCqDW+H/mpwF0mDfBK4pU0+v+BElaIvgJUH1kmXkOtGIYEm3ftx2MNmPynFxMD/LqIhyIpa3CR5P
t72Oxu6fTtxufcFcNIA95XkXQ1hHqdU4gKj4JBttrK5uEOStvSevU1InXPW5IgCxpZgzmL5SBCnElu00xy0gw8DVxzVS3F3qBf
+BRygFDUIU3zo2awCVJCOuAVwDC8zll/3eObE3WHOW7hZuZFb9bXWNyW69ny4H/QnPSk8DxoLWM1I2WQlEW7WKcu9o+AbDmuoq
0bLC7b3gcoWJSk3lm4d/GaX8nNYCMWA+RoC6JuE+EwVOAsZkkOtf+gd3VP9h6yS4tOXEOvD2IEJMwewT/tst3IHPtN0fV9C9Rt
jTWnX0sPwgyqiJkXra4pQ7FkWIx4GfrqRAd+zrHviuiJsM7DFID+r53+0WhkhDakuuEuk7jyD3mLRl24vLXR4oucebU5x2paZP
t9PMlAHzG+LuA48ZoK2zjzBtdaGiGOJzZRrKZiFgsKRrtfAqN6y/+LBEgvrKA5TMYtmrcnBCr7SdM3wiv6bHoc2dfKo7vRNeIK
TC+OjgSQ3E79EPBFfnn9FSAUu7B38UZmAfuaDAy7SmRRPmSxt1I3gmJUfXQHiXUe1HGMEzvjgTOJqEwgVVyCeak0BLzimlouFg
oZE3jf9t09MrJvIqT3mkjtMs7Tv2LL1V5iOgrlozifzhSGiB4X3ytieUQRs2GFeGjHSRZxURYVUCwiOEKox67Tvgd5IPsdpKS/
1WWzRuqbADjYe7fFrElVH39qJSD7vFZFMzSMq8gJd9Z8IXAAJtendWWCGd92sNgpwaWEY+yqvXkj0IVQ==
`);

/** 300,000 zero bytes: run-length blocks. */
export const ZEROS = frame(`
KLUv/aTgkwQAVAAAEAAAAQD7/znAAgIAEAADnwQALSjeJg==
`);

/** No content at all. */
export const NOTHING = frame(`
KLUv/SQAAQAAmenYUQ==
`);

/** `hi`, stored: no content size. */
export const HI = frame(`
KLUv/QQAEQAAaGn6OCbq
`);

function frame(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64.replace(/\s/g, "")), (character) => character.charCodeAt(0));
}
