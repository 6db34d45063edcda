// Where this server's records differ from those of Mesos-DNS and dcos-net, and why. The list is the whole difference
// between the modes `default` and `exact`: a test holds each line against the records.

export interface Repair {
  /** Names the repair in tests and documents. */
  readonly id: string;
  /** What happens here. */
  readonly what: string;
  /** What the reference does instead. */
  readonly reference: string;
  /** True when it is so in the exact mode, too. */
  readonly always?: true;
}

export const REPAIRS: readonly Repair[] = [
  {
    id: 'port-range',
    what: 'A port outside 1 to 65535 gets no SRV record.',
    reference: 'Mesos-DNS lists any number, 0 included, and answers its lowest sixteen bits.',
  },
  {
    id: 'canonical-length',
    what: "The canonical name's own label fits into 63 octets: the task's name in it is shortened, hash and agent stay.",
    reference: 'Mesos-DNS lets the label grow over 63 octets; a query whose answer holds it gets no reply at all.',
  },
  {
    id: 'unservable-names',
    what: 'A name that DNS cannot carry (an empty label, one over 63 octets, more than 255 in all) is left out and reported.',
    reference: 'Mesos-DNS lists it in its dumps, where no query can reach it.',
  },
  {
    id: 'wildcard-names',
    what: 'A task whose discovery name begins with the label * gets no name from it.',
    reference: 'Mesos-DNS lists the name; it takes no wildcards, so nothing but itself matches it.',
  },
  {
    id: 'verbatim-case',
    what: 'A discovery name is taken in lower case.',
    reference:
      'Mesos-DNS stores it as it is and looks up the lower case of what is asked, so capitals are never found.',
  },
  {
    id: 'agent-tail',
    what: 'The agent part of a canonical name is made a label like the task part.',
    reference: 'Mesos-DNS takes whatever stands after the last hyphen of the agent id.',
  },
  {
    id: 'agent-without-address',
    what: 'An agent whose host is not known to have an address adds none.',
    reference: "Mesos-DNS lists the agent's host name in place of an address, which no answer can hold.",
  },
  {
    id: 'not-ready',
    what: 'A task that has not passed its readiness check has no name but its canonical one, and gets no connections through a VIP.',
    reference: 'Mesos-DNS and dcos-net do not know of readiness.',
  },
  {
    id: 'health',
    what: 'A task that is unhealthy for a while, or about to be killed, leaves the names that it shares with others, but when all of those are so.',
    reference:
      'Mesos-DNS lists unhealthy tasks and, like dcos-net, drops a task at once when it is to be killed, even the last one.',
  },
  {
    id: 'all',
    what: '`all.` in front of a name of tasks, or of a service of theirs, lists every instance that runs, the ill ones too.',
    reference: 'Mesos-DNS has no such names.',
  },
  {
    id: 'weight',
    what: "A task's own share of the load multiplies the weight of its SRV records.",
    reference: 'Mesos-DNS gives every SRV record one weight.',
  },
  {
    id: 'soa-minimum',
    what: 'The SOA minimum of the Mesos domain is the configured one.',
    reference: 'Mesos-DNS reads `SOAMinttl` and then says `ttl`.',
  },
  {
    id: 'self-outside',
    what: 'The name server named by the SOA has an address record only if its name lies in the domain.',
    reference: 'Mesos-DNS lists its address under any name.',
  },
  {
    id: 'agent-ipv6',
    what: 'An agent without an IPv4 address is known by its first IPv6 address in the dcos zone and as a backend.',
    reference: 'dcos-net knows IPv4 addresses of agents only.',
  },
  {
    id: 'vip-slash',
    what: '`/foo` and `foo` (all labels that make one name) in one framework are one VIP with one address.',
    reference: 'dcos-net keeps them apart: two addresses under one name, each with some of the backends.',
  },
  {
    id: 'vip-srv',
    what: 'The l4lb zone lists the backends of a VIP that take connections, as SRV records with targets of their own.',
    reference: 'dcos-net has no SRV records of its own.',
  },
  {
    id: 'port-networks',
    what: "A port that says in which networks it is reached is a backend at the task's addresses in those only.",
    reference: "dcos-net takes all of the task's addresses.",
  },
  {
    id: 'vip-order',
    what: 'Names that hash to one address are served in the order of their names, and the table outlives a restart.',
    reference: 'dcos-net gives the hashed address to whoever comes first, anew after each start.',
    always: true,
  },
  {
    id: 'vip-port-index',
    what: 'A `VIP_PORT<n>` label whose n is beyond the last port is skipped alone.',
    reference: 'dcos-net drops all ports of the task.',
    always: true,
  },
  {
    id: 'vip-brackets',
    what: '`[fd01:c::1]:80` is a literal IPv6 VIP.',
    reference: 'dcos-net takes it for a name, `fd01c1`.',
    always: true,
  },
];
