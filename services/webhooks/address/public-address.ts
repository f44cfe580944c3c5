import { BlockList, isIP } from 'node:net';

// Special-purpose addresses that are not reachable from everywhere (RFC 6890 and its registries):
// this host, private networks, carriers' NAT, loopback, link-local with the metadata service of
// clouds, protocol assignments, documentation, 6to4 relays, benchmarks, multicast, reserved.
const REFUSED_V4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  // Looks public: Azure's own services answer at it, inside each machine of theirs only.
  '168.63.129.16/32',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

// All other IPv6 addresses are local, multicast, translated (64:ff9b::/96) or hold an IPv4 address.
const GLOBAL_V6 = '2000::/3';
// Protocol assignments with Teredo, documentation, and 6to4, which holds an IPv4 address.
const REFUSED_V6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const refusedV4 = blockListOf(REFUSED_V4, 'ipv4');
const globalV6 = blockListOf([GLOBAL_V6], 'ipv6');
const refusedV6 = blockListOf(REFUSED_V6, 'ipv6');

/** Whether an IP address is one of the public internet; false for any other text. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !refusedV4.check(address, 'ipv4');
    case 6:
      // A zone id (fe80::1%eth0) names an interface of this machine.
      if (address.includes('%')) return false;
      return globalV6.check(address, 'ipv6') && !refusedV6.check(address, 'ipv6');
    default:
      return false;
  }
}

function blockListOf(networks: string[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    list.addSubnet(address, Number(bits), family);
  }
  return list;
}
