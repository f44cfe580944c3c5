// For tests of platform/, which may import the harness and nothing of dev/.
export { freePort } from '#dev/files/free-port.ts';
