import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../../src/core/errors.ts';
import { createFairQueue, type FairQueueOptions } from '../../src/core/passwords/fair-queue.ts';

/** One piece of work that ends when the test says so. */
interface Piece {
  readonly name: string;
  readonly done: () => Promise<void>;
  readonly fail: (error: Error) => Promise<void>;
}

/** Lets everything happen that the last step brought about. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

/** A queue in which a piece is expected to take 100 ms and has to be done within 400 ms: three may wait. */
function aQueue(options: Partial<FairQueueOptions> = {}) {
  let now = 0;
  const observed: string[] = [];
  const queue = createFairQueue({
    slots: 1,
    maxWaitMilliseconds: 400,
    expectedMilliseconds: 100,
    monotonic: () => now,
    observer: {
      started: (waited) => observed.push(`started after ${waited}`),
      ended: (took) => observed.push(`ended after ${took}`),
      refused: () => observed.push('refused'),
    },
    ...options,
  });
  /** In the order in which they were started. */
  const started: Piece[] = [];
  const answers = new Map<string, unknown>();

  /** Hands in a piece of work; its name begins with the client's. */
  function add(name: string): void {
    const client = name.charAt(0);
    const work = () =>
      new Promise<string>((resolve, reject) => {
        started.push({
          name,
          done: () => {
            resolve(`result of ${name}`);
            return settle();
          },
          fail: (error) => {
            reject(error);
            return settle();
          },
        });
      });
    queue.run(client, work).then(
      (result) => answers.set(name, result),
      (error) => answers.set(name, error),
    );
  }

  return {
    queue,
    observed,
    answers,
    started: () => started.map(({ name }) => name),
    advance: (milliseconds: number) => {
      now += milliseconds;
      jest.advanceTimersByTime(milliseconds);
    },
    async add(...names: string[]) {
      for (const name of names) add(name);
      await settle();
    },
    /** The piece that was started last is done. */
    done: () => (started.at(-1) as Piece).done(),
    piece: (name: string) => started.find((piece) => piece.name === name) as Piece,
    isRefused: (name: string) => isOverloaded(answers.get(name)),
    retryAfter: (name: string) => (answers.get(name) as AppError).headers['Retry-After'],
  };
}

function isOverloaded(answer: unknown): boolean {
  return answer instanceof AppError && answer.code === 'overloaded';
}

describe('a fair queue', () => {
  it('runs no more pieces at once than it has slots', async () => {
    const { queue, add, started, piece } = aQueue({ slots: 2 });

    await add('a1', 'b1', 'c1', 'd1');

    expect(started()).toEqual(['a1', 'b1']);
    expect([queue.running(), queue.waiting()]).toEqual([2, 2]);
    await piece('a1').done();
    expect(started()).toEqual(['a1', 'b1', 'c1']);
    expect([queue.running(), queue.waiting()]).toEqual([2, 1]);
  });

  it('answers each with the result of its own work', async () => {
    const { add, answers, done } = aQueue();

    await add('a1', 'b1');
    await done();
    await done();

    expect(answers.get('a1')).toBe('result of a1');
    expect(answers.get('b1')).toBe('result of b1');
  });

  it('gives clients turns, so that one with much to do does not go before one that comes later', async () => {
    const { add, started, done } = aQueue({ maxWaitMilliseconds: 1100 });

    await add('a0', 'a1', 'a2', 'a3', 'b1', 'b2', 'c1');
    for (let turn = 0; turn < 6; turn++) await done();

    expect(started()).toEqual(['a0', 'a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('keeps the order of one client', async () => {
    const { add, started, done } = aQueue();

    await add('a0', 'a1', 'a2', 'a3');
    for (let turn = 0; turn < 3; turn++) await done();

    expect(started()).toEqual(['a0', 'a1', 'a2', 'a3']);
  });

  it('puts a client whose line ran empty behind the others when it comes again', async () => {
    const { add, started, done } = aQueue();

    await add('a0', 'a1', 'b1');
    await done();
    await add('a2');
    await done();
    await done();

    expect(started()).toEqual(['a0', 'a1', 'b1', 'a2']);
  });

  it('gives the slot of a piece that fails to the next', async () => {
    const { queue, add, answers, started, piece, done } = aQueue();
    const failure = new Error('the thread died');

    await add('a0', 'b1');
    await piece('a0').fail(failure);

    expect(answers.get('a0')).toBe(failure);
    expect(started()).toEqual(['a0', 'b1']);
    await done();
    expect([queue.running(), queue.waiting()]).toEqual([0, 0]);
  });

  it('gives on the slot of work that throws instead of failing later', async () => {
    const { queue, add, started } = aQueue();
    const failure = new Error('no thread at all');

    const thrown = queue.run('a', () => {
      throw failure;
    });

    await expect(thrown).rejects.toBe(failure);
    await add('b1');
    expect(started()).toEqual(['b1']);
  });
});

describe('a full queue', () => {
  it('refuses a client that has as much waiting as any other, at once', async () => {
    const { queue, add, answers, isRefused } = aQueue();

    await add('a0', 'a1', 'a2', 'a3', 'a4');

    expect(isRefused('a4')).toBe(true);
    expect(answers.size).toBe(1);
    expect(queue.waiting()).toBe(3);
  });

  it('refuses the last piece of the client with most for one of a client with less', async () => {
    const { queue, add, started, done, isRefused } = aQueue();

    await add('a0', 'a1', 'a2', 'a3', 'b1');

    expect(isRefused('a3')).toBe(true);
    expect(queue.waiting()).toBe(3);
    for (let turn = 0; turn < 3; turn++) await done();
    expect(started()).toEqual(['a0', 'a1', 'b1', 'a2']);
  });

  it('pushes no client out for one that would then have as much', async () => {
    const { add, isRefused } = aQueue({ maxWaitMilliseconds: 500 });

    await add('a0', 'a1', 'a2', 'b1', 'b2', 'b3', 'a3');

    expect(isRefused('b3')).toBe(true);
    expect(isRefused('a3')).toBe(true);
  });

  it('keeps a place for one piece of each client that comes, as long as others have more than one', async () => {
    const { add, isRefused } = aQueue();

    await add('a0', 'a1', 'a2', 'a3', 'b1', 'c1', 'd1');

    expect(['a1', 'b1', 'c1'].map(isRefused)).toEqual([false, false, false]);
    expect(['a2', 'a3', 'd1'].map(isRefused)).toEqual([true, true, true]);
  });

  it('refuses before anything is done exactly those whose work it would refuse', async () => {
    const { queue, add, isRefused } = aQueue();
    await add('a0', 'a1', 'a2', 'a3');

    expect([queue.hasRoom('a'), queue.hasRoom('b')]).toEqual([false, true]);
    expect(queue.waiting()).toBe(3);

    await add('a4', 'b1');
    expect(isRefused('a4')).toBe(true);
    expect(isRefused('b1')).toBe(false);
  });

  it('has room for two where one would fit, or a client that floods could not be pushed out', async () => {
    const { add, isRefused } = aQueue({ expectedMilliseconds: 1500, maxWaitMilliseconds: 3500 });

    await add('a0', 'a1', 'a2', 'a3', 'b0');

    expect(['a1', 'a2', 'a3', 'b0'].map(isRefused)).toEqual([false, true, true, false]);
  });

  it('has room for what all slots together work off in time', async () => {
    const { queue, add, isRefused } = aQueue({ slots: 2 });

    await add('a0', 'b0', 'a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7');

    expect(queue.waiting()).toBe(6);
    expect(isRefused('a6')).toBe(false);
    expect(isRefused('a7')).toBe(true);
  });
});

describe('a place that is reserved before its work is ready', () => {
  it('counts as taken, so that no more is prepared than there is room for', async () => {
    const { queue, add } = aQueue();
    await add('a0');

    for (const client of ['a', 'b', 'c']) queue.reserve(client);

    expect(queue.waiting()).toBe(0);
    expect(queue.hasRoom('d')).toBe(false);
    expect(() => queue.reserve('d')).toThrow(AppError);
  });

  it('holds up no work that is ready', async () => {
    const { queue, add, done, started } = aQueue();
    await add('a0');
    queue.reserve('b');
    await add('c1');

    await done();

    expect(started()).toEqual(['a0', 'c1']);
  });

  it('is free again once it was left, and serves but once', async () => {
    const { queue, add, piece } = aQueue();
    await add('a0');
    const place = queue.reserve('b');

    place.leave();
    place.leave();

    const used = queue.reserve('b');
    const work = queue.run(used, async () => 'result');
    used.leave();
    expect(queue.waiting()).toBe(1);
    await piece('a0').done();
    expect(await work).toBe('result');
    expect(await queue.run(used, async () => 'another')).toBe('another');
  });

  it('may be pushed out before its work comes, which is then refused and counted once', async () => {
    const { queue, add, observed } = aQueue();
    await add('a0', 'a1', 'a2');
    const last = queue.reserve('a');

    await add('b1');

    await expect(queue.run(last, async () => 'result')).rejects.toMatchObject({ code: 'overloaded' });
    expect(observed.filter((event) => event === 'refused')).toHaveLength(1);
  });

  it('waits from the moment on in which it was reserved', async () => {
    const { queue, add, advance, done } = aQueue();
    await add('a0');
    const place = queue.reserve('b');
    advance(200);
    const work = queue.run(place, async () => 'result');
    advance(101);

    await Promise.all([done(), expect(work).rejects.toMatchObject({ code: 'overloaded' })]);
  });
});

describe('devices that have logged in before', () => {
  /** A queue of ten places with one piece at work, and a stranger of an own network in each place. */
  async function fullOfStrangers() {
    const made = aQueue({ maxWaitMilliseconds: 1100 });
    await made.add('a0', ...Array.from('bcdefghijk', (client) => `${client}1`));
    expect(made.queue.hasRoom('l')).toBe(false);
    return made;
  }

  it('find a place where strangers find none, in place of the stranger whose turn is last', async () => {
    const { queue, isRefused } = await fullOfStrangers();

    const place = queue.reserve('l', 'phone');
    await settle();
    expect(isRefused('k1')).toBe(false);
    void queue.run(place, async () => {});
    await settle();

    expect(isRefused('k1')).toBe(true);
    expect(queue.waiting()).toBe(10);
  });

  it('have every other turn', async () => {
    const { queue, started, done } = await fullOfStrangers();
    const order: string[] = [];
    for (const device of ['phone', 'laptop', 'tablet']) {
      void queue.run(queue.reserve('l', device), async () => void order.push(device));
    }

    await done();
    await done();
    await done();

    expect(order).toEqual(['phone', 'laptop', 'tablet']);
    expect(started()).toEqual(['a0', 'b1', 'c1', 'd1']);
  });

  it('leave half of the places to strangers', async () => {
    const { queue } = await fullOfStrangers();

    for (let device = 0; device < 5; device++) queue.reserve('l', `device ${device}`);

    expect(queue.hasRoom('l', 'another')).toBe(false);
    expect(queue.waiting()).toBe(10);
  });

  it('have two places each', async () => {
    const { queue } = await fullOfStrangers();

    queue.reserve('l', 'phone');
    queue.reserve('l', 'phone');

    expect(queue.hasRoom('l', 'phone')).toBe(false);
    expect(queue.hasRoom('l', 'laptop')).toBe(true);
  });
});

describe('a place of a device that is used once more', () => {
  it('finds a place of the device again, where a change of the password takes a second hash', async () => {
    const { queue, add, done } = aQueue({ maxWaitMilliseconds: 1100 });
    await add('a0');
    const place = queue.reserve('l', 'phone');
    const order: string[] = [];
    void queue.run(place, async () => void order.push('compared'));
    await done();
    await add(...Array.from('abcdefghijkmn', (client) => `${client}1`));
    expect(queue.hasRoom('l')).toBe(false);

    void queue.run(place, async () => void order.push('hashed'));
    // The turn before was a device's, so a stranger's comes first.
    await done();
    await done();

    expect(order).toEqual(['compared', 'hashed']);
  });
});

describe('Retry-After of a refusal', () => {
  it.each([
    [100, 3900, '4'],
    [100, 4050, '5'],
    [400, 4400, '5'],
    [2000, 6000, '8'],
  ])(
    'is the time in which all that runs or waits is done: of %d ms each in at most %d ms, %s s',
    async (each, most, seconds) => {
      const { queue, add, retryAfter } = aQueue({
        expectedMilliseconds: each,
        maxWaitMilliseconds: most + each,
      });
      const room = Math.floor(most / each);

      await add(...Array.from({ length: room + 2 }, (_, index) => `a${index}`));

      expect(queue.waiting()).toBe(room);
      expect(retryAfter(`a${room + 1}`)).toBe(seconds);
    },
  );

  it('is shorter where several are done at once', async () => {
    const { add, retryAfter } = aQueue({ slots: 4, expectedMilliseconds: 1000, maxWaitMilliseconds: 3000 });

    await add(...Array.from({ length: 13 }, (_, index) => `a${index}`));

    expect(retryAfter('a12')).toBe('3');
  });

  it('is never less than a second', async () => {
    const { add, retryAfter } = aQueue();

    await add('a0', 'a1', 'a2', 'a3', 'a4');

    expect(retryAfter('a4')).toBe('1');
  });
});

describe('the length of the queue', () => {
  it('shrinks when work takes longer than was expected', async () => {
    const { queue, add, advance, done } = aQueue({ maxWaitMilliseconds: 1200 });
    await add('a0');
    advance(1100);
    await done();

    // A tenth of 1100 and nine tenths of 100 are 200 ms, of which five fit into the second that is left for waiting.
    await add(...Array.from({ length: 10 }, (_, index) => `b${index}`));

    expect(queue.waiting()).toBe(5);
  });

  it('grows when work takes less', async () => {
    const { queue, add, advance, done } = aQueue({ maxWaitMilliseconds: 1050 });
    for (let piece = 0; piece < 50; piece++) {
      await add(`a${piece}`);
      advance(50);
      await done();
    }

    await add(...Array.from({ length: 40 }, (_, index) => `b${index}`));

    expect(queue.waiting()).toBe(19);
  });
});

describe('a piece that waited so long that it would be late, since others had earlier turns', () => {
  it('is refused at its turn, and the next one that did not gets the slot', async () => {
    const { queue, add, advance, done, started, isRefused } = aQueue();
    await add('a0', 'a1');
    advance(200);
    await add('b1');
    advance(101);

    await done();

    expect(isRefused('a1')).toBe(true);
    expect(started()).toEqual(['a0', 'b1']);
    await done();
    expect([queue.running(), queue.waiting()]).toEqual([0, 0]);
  });

  it('is run where it can just be done in time', async () => {
    const { add, advance, done, started } = aQueue();
    await add('a0', 'a1', 'a2', 'a3');

    for (let turn = 0; turn < 3; turn++) {
      advance(100);
      await done();
    }

    expect(started()).toEqual(['a0', 'a1', 'a2', 'a3']);
  });

  it('is refused when its time is over, although nothing that runs has ended', async () => {
    const { queue, add, advance, isRefused } = aQueue();
    await add('a0');
    advance(100);
    await add('a1');
    advance(399);
    await settle();
    expect(isRefused('a1')).toBe(false);

    advance(1);
    await settle();

    expect(isRefused('a1')).toBe(true);
    expect(queue.waiting()).toBe(0);
  });

  it('leaves an idle queue where it was the last, and the next piece starts at once', async () => {
    const { queue, add, advance, done, started } = aQueue();
    await add('a0', 'a1');
    advance(301);
    await done();

    expect([queue.running(), queue.waiting()]).toEqual([0, 0]);
    await add('b1');
    expect(started()).toEqual(['a0', 'b1']);
  });
});

describe('a piece that runs when its time is over', () => {
  it('is refused then, keeps its slot until it ends, and its result is dropped', async () => {
    const { queue, add, advance, piece, started, answers, isRefused } = aQueue({ slots: 2 });
    await add('a0', 'b0');
    advance(400);
    await settle();

    expect(['a0', 'b0'].map(isRefused)).toEqual([true, true]);
    expect(queue.running()).toBe(2);
    await piece('a0').done();
    await piece('b0').fail(new Error('the thread died'));
    expect(['a0', 'b0'].map(isRefused)).toEqual([true, true]);
    expect(queue.running()).toBe(0);
    await add('c0');
    expect(started()).toEqual(['a0', 'b0', 'c0']);
    await piece('c0').done();
    expect(answers.get('c0')).toBe('result of c0');
  });

  it('is answered as ever where it was done a moment before', async () => {
    const { add, advance, done, answers } = aQueue();
    await add('a0');
    advance(399);
    await done();
    advance(100);
    await settle();

    expect(answers.get('a0')).toBe('result of a0');
  });

  it('makes the queue shorter by the time it takes, before it has ended and after', async () => {
    const { queue, add, advance, done } = aQueue({ maxWaitMilliseconds: 3000 });
    await add('a0');
    expect(queue.hasRoom('b')).toBe(true);

    advance(3000);
    await settle();
    expect(queue.hasRoom('b')).toBe(false);

    advance(8000);
    await done();
    // A tenth of 11,000 and nine tenths of 100 are 1,190 ms: of those one is done in 3 s behind another.
    await add('b0', 'b1', 'b2', 'b3');
    expect([queue.running(), queue.waiting()]).toEqual([1, 2]);
  });

  it('leaves no time for a second piece of the same place', async () => {
    const { queue, advance } = aQueue({ slots: 2 });
    const place = queue.reserve('l', 'phone');
    await queue.run(place, async () => 'compared');
    advance(350);
    const second = queue.run(place, () => new Promise(() => {}));
    advance(50);

    await expect(second).rejects.toMatchObject({ code: 'overloaded' });
    advance(1);
    await expect(queue.run(place, async () => 'late')).rejects.toMatchObject({ code: 'overloaded' });
  });
});

describe('a piece that was prepared for longer than its time', () => {
  it('is refused although a slot is free, and is not begun', async () => {
    const { queue, advance, observed } = aQueue();
    const place = queue.reserve('a');
    advance(401);

    await expect(queue.run(place, async () => 'late')).rejects.toMatchObject({ code: 'overloaded' });

    expect(observed).toEqual(['refused']);
    expect([queue.running(), queue.waiting()]).toEqual([0, 0]);
  });
});

describe('the observer of a queue', () => {
  it('is told once of each start and each end, with how long it waited and took', async () => {
    const { add, advance, done, observed } = aQueue();

    await add('a0', 'a1');
    advance(40);
    await add('b1');
    advance(60);
    await done();
    await done();
    await done();

    expect(observed).toEqual([
      'started after 0',
      'ended after 100',
      'started after 100',
      'ended after 0',
      'started after 60',
      'ended after 0',
    ]);
  });

  it('is told once of each refusal: at once, pushed out, asked before, and at its turn', async () => {
    const { queue, add, advance, done, observed } = aQueue();
    await add('a0', 'a1', 'a2', 'a3');
    observed.length = 0;

    await add('a4');
    expect(observed).toEqual(['refused']);
    await add('b1');
    expect(observed).toEqual(['refused', 'refused']);
    expect(() => queue.reserve('a')).toThrow();
    expect(observed).toEqual(['refused', 'refused', 'refused']);
    advance(301);
    await done();
    expect(observed).toEqual([...Array(3).fill('refused'), 'ended after 301', ...Array(3).fill('refused')]);
  });
});

describe('whatever comes in whatever order', () => {
  const steps = fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.record({ client: fc.constantFrom('a', 'b', 'c', 'd') }) },
      { weight: 2, arbitrary: fc.record({ end: fc.nat(3), fails: fc.boolean(), after: fc.nat(200) }) },
    ),
    { maxLength: 80 },
  );

  it('each piece is answered once, no slot is lost, and no client starts twice while another waits', async () => {
    await fc.assert(
      fc.asyncProperty(steps, fc.integer({ min: 1, max: 3 }), async (script, slots) => {
        await expectFairness(script, slots);
      }),
      { numRuns: 200 },
    );
  });

  type Step = { client: string } | { end: number; fails: boolean; after: number };

  async function expectFairness(script: readonly Step[], slots: number): Promise<void> {
    let now = 0;
    const running: (() => void)[] = [];
    /** How often each other client was started since this one began to wait without a start of its own. */
    const overtaken = new Map<string, Map<string, number>>();
    const waiting = new Map<string, number>();
    const observed = { started: 0, refused: 0 };
    let [arrived, answered, late] = [0, 0, 0];
    const queue = createFairQueue({
      slots,
      maxWaitMilliseconds: 500,
      expectedMilliseconds: 100,
      monotonic: () => now,
      observer: {
        started: () => observed.started++,
        ended: () => {},
        refused: () => observed.refused++,
      },
    });

    function onStart(client: string): void {
      for (const [other, starts] of overtaken) {
        if (other === client) continue;
        const times = (starts.get(client) ?? 0) + 1;
        starts.set(client, times);
        expect(times).toBeLessThanOrEqual(1);
      }
      overtaken.delete(client);
      if ((waiting.get(client) ?? 0) > 1) overtaken.set(client, new Map());
    }

    function arrive(client: string): void {
      arrived++;
      waiting.set(client, (waiting.get(client) ?? 0) + 1);
      if (!overtaken.has(client)) overtaken.set(client, new Map());
      const leave = () => {
        waiting.set(client, (waiting.get(client) ?? 0) - 1);
        if (waiting.get(client) === 0) overtaken.delete(client);
      };
      let begun = false;
      const work = () => {
        begun = true;
        onStart(client);
        leave();
        return new Promise<void>((resolve, reject) => {
          running.push(() => (now % 2 === 0 ? resolve() : reject(new Error('failed'))));
        });
      };
      const over = (result: unknown) => {
        answered++;
        if (!begun) leave();
        else if (isOverloaded(result)) late++;
      };
      queue.run(client, work).then(over, over);
    }

    async function end(index: number): Promise<void> {
      running.splice(index % running.length, 1)[0]?.();
      await settle();
    }

    for (const step of script) {
      if ('client' in step) arrive(step.client);
      else {
        const milliseconds = step.after * 2 + (step.fails ? 1 : 0);
        now += milliseconds;
        jest.advanceTimersByTime(milliseconds);
        if (running.length > 0) await end(step.end);
      }
      await settle();
      expect(queue.running()).toBe(running.length);
      expect(queue.running()).toBeLessThanOrEqual(slots);
      if (queue.waiting() > 0) expect(queue.running()).toBe(slots);
    }
    while (running.length > 0) await end(0);
    expect([queue.running(), queue.waiting()]).toEqual([0, 0]);
    expect(answered).toBe(arrived);
    expect(observed.started + observed.refused).toBe(arrived + late);
  }
});
