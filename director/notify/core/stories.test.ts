// What is told, when and how, as stories: events on the left, messages on the right.
import { describe, expect, it } from 'vitest';
import { act, Player, play, SETTINGS, START, target } from './support/play.ts';

const PAIR = { peer: 'lb2' };

describe('servers and services', () => {
  it('one server down and up again is two messages', () =>
    expect(
      play(`
        0s role active
        1s server-down www/rs1: connection refused
        1s service-degraded www: some real servers are not up
        20s server-up www/rs1: 200 in 3 ms
        20s service-up www: every real server is up
        60s end`),
    ).toEqual([
      '6s warning real server www/rs1 is down: connection refused',
      '25s recovery www is up again: every real server is up (and 1 more)',
    ]));

  it('everything that falls within the window is one message, headed by what clients notice', () =>
    expect(
      play(`
        0s role active
        1s server-down www/rs1: timeout
        1.1s server-down dns/rs1: timeout
        2s server-down www/rs2: timeout
        2.5s server-down dns/rs4: timeout
        2.6s service-down dns: no real server takes connections
        3s server-down www/rs3: timeout
        3s service-down www: no real server takes connections
        60s end`),
    ).toEqual(['6s critical 2 services are down: dns, www (and 1 more)']));

  it('says how many servers of how many, a machine of two services once', () =>
    expect(
      play(`
        0s role active
        1s server-down www/rs1: timeout
        1s server-down dns/rs1: timeout
        30s server-down www/rs2: timeout
        30s server-down www/rs3: timeout
        60s end`),
    ).toEqual([
      '6s warning real server rs1 is down since 12:00:01 UTC in www, dns',
      '35s warning 3 of 4 real servers are down since 12:00:30 UTC; all in www',
    ]));

  it('a path to the peer that goes with them is part of it', () =>
    expect(
      play(
        `
        0s role active
        1s link-down lb1: link 0 is down: no carrier
        2s server-down www/rs1: timeout
        2s server-down www/rs2: timeout
        2s server-down www/rs3: timeout
        60s end`,
        PAIR,
      ),
    ).toEqual(['7s warning 3 of 4 real servers are down since 12:00:02 UTC; all in www (and 1 more)']));

  it('what comes and goes within the window is told only if it was critical', () =>
    expect(
      play(`
        0s role active
        1s server-down www/rs1: timeout
        2s server-up www/rs1: 200
        20s service-down www: no real server takes connections
        22s service-up www: every real server is up
        60s end`),
    ).toEqual(['25s warning www was in trouble for a moment, and is up: every real server is up']));

  it('a service that gets better in steps is told of at each', () =>
    expect(
      play(`
        0s role active
        1s service-down www: none
        20s service-degraded www: some
        40s service-up www: every
        60s end`),
    ).toEqual([
      '6s critical www is down: none',
      '25s recovery www is degraded: some',
      '45s recovery www is up again: every',
    ]));

  it('a target of some services hears of nothing else', () =>
    expect(
      play(
        `
        0s role active
        1s server-down www/rs1: timeout
        1s server-down dns/rs4: timeout
        1s applied revision 2: a new configuration is in force
        60s end`,
        { targets: [target({ services: ['dns'] })] },
      ),
    ).toEqual(['6s warning real server dns/rs4 is down: timeout']));

  it('recovery is told only of what was told as bad', () =>
    expect(
      play(
        `
        0s role active
        1s server-down www/rs1: timeout
        20s server-up www/rs1: 200
        40s service-down www: none
        50s service-up www: every
        90s end`,
        { targets: [target({ on: ['critical', 'recovery'] })] },
      ),
    ).toEqual(['45s critical www is down: none', '55s recovery www is up again: every']));

  it('a configuration that comes into force and a drain that ends are notices', () =>
    expect(
      play('0s role active\n1s applied revision 2: new\n2s drained www/rs1: nothing is left\n20s end'),
    ).toEqual(['6s notice revision 2: new', '7s notice www/rs1 is drained: nothing is left']));

  it('what is configured no more is told as over to those who were told that it is bad', () => {
    const player = new Player();
    act(player, 'role', 'active');
    act(player, 'service-down', 'dns: none');
    player.until(START + 10_000);
    player.input({
      kind: 'settings',
      settings: { ...SETTINGS, services: SETTINGS.services.filter(({ name }) => name !== 'dns') },
    });
    player.until(START + 20_000);
    expect(player.sent.map(({ message }) => message.subject)).toEqual([
      'dns is down: none',
      'dns is no longer configured',
    ]);
  });

  it('a target that is new hears of what is bad by then', () => {
    const player = new Player();
    act(player, 'role', 'active');
    act(player, 'service-down', 'dns: none');
    player.until(START + 10_000);
    player.input({ kind: 'settings', settings: { ...SETTINGS, targets: [target(), target({ key: 'b' })] } });
    player.until(START + 20_000);
    expect(player.sent.map((each) => [each.target, each.message.subject])).toEqual([
      ['a', 'dns is down: none'],
      ['b', 'dns is down: none'],
    ]);
  });
});

describe('the pair', () => {
  it('a takeover is one message, at once, with its reason and what is bad at that moment', () =>
    expect(
      play(
        `
        0s role standby
        1s server-down www/rs1: timeout
        10s link-silent lb1: link 0 is silent
        10s peer-silent lb1: lb2 is not heard on any link
        10.1s takeover lb1: claims epoch 7
        10.2s became-active director: lb2 is silent
        10.3s sync-silent sync: Nothing has been heard
        30s server-up www/rs1: 200
        50s peer-heard lb1: lb2 is heard: standby, epoch 7
        60s end`,
        PAIR,
      ),
    ).toEqual([
      '10.7s critical lb1 has taken over: lb2 is silent (and 3 more)',
      '35s recovery real server www/rs1 is up again: 200',
      '55s recovery lb2 is heard again: lb2 is heard: standby, epoch 7',
    ]));

  it('what a takeover finds bad when it asks is part of it, what falls then is not', () => {
    const player = new Player({ peer: 'lb2' });
    const server = (name: string, since: number) => ({
      ...{
        kind: 'state' as const,
        key: `server www/${name}`,
        cause: 'servers' as const,
        name: `www/${name}`,
      },
      ...{ service: 'www', level: 'warning' as const, word: 'down', reason: 'so', since },
    });
    act(player, 'role', 'standby');
    player.until(START + 60_000);
    act(player, 'became-active', 'director: lb2 hands over');
    player.until(START + 60_100);
    player.input({
      kind: 'facts',
      facts: { at: player.now, role: 'active', because: '', news: [server('rs1', START)], complete: [] },
    });
    act(player, 'server-down', 'www/rs2: timeout');
    player.until(START + 90_000);
    expect(player.sent.map(({ message }) => message.lines)).toEqual([
      ['lb1 has taken over: lb2 hands over', 'Found so: www/rs1 is down'],
      ['real server www/rs2 is down: timeout', 'www has 1 of 3 real servers left'],
    ]);
  });

  it('an ordered switchover is a notice on both sides', () =>
    expect(
      play(
        `
        0s role active
        1s switchover-ordered director: to lb2, by order of ann
        1.1s handing-over lb1: hands over to lb2
        1.2s became-standby director: handed over to lb2
        20s end`,
        PAIR,
      ),
    ).toEqual(['1.7s notice lb1 stands by now: handed over to lb2']));

  it('one that was not ordered is a warning; being cut off is critical', () =>
    expect(
      play(
        `
        0s role active
        1s became-standby director: own health is bad
        90s became-active director: lb2 hands over
        200s cut-off lb1: releases the VIPs
        200s became-standby director: hears neither its peer nor a witness
        220s end`,
        PAIR,
      ),
    ).toEqual([
      '1.5s warning lb1 stands by now: own health is bad',
      '90.5s notice lb1 has taken over: lb2 hands over',
      '200.5s critical lb1 stands by now: hears neither its peer nor a witness (and 1 more)',
    ]));

  it('a standby tells of no server, but that its active is lost', () =>
    expect(
      play(
        `
        0s role standby
        1s server-down www/rs1: timeout
        1s service-down www: none
        5s peer-silent lb1: lb2 is not heard on any link
        60s end`,
        PAIR,
      ),
    ).toEqual(['10s critical lb2 is lost: lb2 is not heard on any link']));

  it('an active that loses its standby warns', () =>
    expect(play('0s role active\n5s peer-silent lb1: not heard\n60s end', PAIR)).toEqual([
      '10s warning lb2 is lost: not heard',
    ]));

  it('whoever stands by does not go on about servers', () =>
    expect(
      play(
        `
        0s role active
        1s server-down www/rs1: timeout
        20s became-standby director: handed over
        40s server-up www/rs1: 200
        60s end`,
        PAIR,
      ),
    ).toEqual([
      '6s warning real server www/rs1 is down: timeout',
      '20.5s warning lb1 stands by now: handed over',
    ]));

  it('a supervisor that starts again and finds its role as it was is no news', () =>
    expect(play('0s role active\n9s became-active director: goes on\n60s end', PAIR)).toEqual([]));

  it('what facts say about the role is believed when no event comes', () =>
    expect(play('0s role standby\n10s role active\n20s role active\n60s end', PAIR)).toEqual([
      '20.5s notice lb1 has taken over: so it is',
    ]));
});
