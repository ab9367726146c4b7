import type { Page } from 'playwright-core';

/** More elements than any page has. */
const MAX_STOPS = 60;

/** What the keyboard has come to. */
interface Stop {
  readonly name: string;
  /** What is wrong with the way there. */
  readonly problem: string | null;
}

/** Looks at what has the focus: whether that is seen, and whether it does not stand above the stop before. */
const STOP = `(() => {
  const element = document.activeElement;
  const name = (element.getAttribute('aria-label') ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
  if (element === document.body) return { name: '', problem: null };
  const before = globalThis.stopBefore;
  globalThis.stopBefore = element;
  const { outlineStyle, outlineWidth } = getComputedStyle(element);
  const box = element.getBoundingClientRect();
  if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2) return { name, problem: 'has no outline' };
  if (box.bottom <= 0 || box.top >= innerHeight) return { name, problem: 'is out of sight' };
  const follows = before?.isConnected && before.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_FOLLOWING;
  const isAbove = follows && box.bottom <= before.getBoundingClientRect().top;
  return { name, problem: isAbove ? 'stands above the stop before' : null };
})()`;

/** Goes about a page by the keyboard alone. */
export function keyboardOf(page: Page) {
  const { keyboard } = page;

  /** Presses Tab until an element whose name begins so has the focus. */
  async function tabTo(wanted: string): Promise<void> {
    const passed: string[] = [];
    while (passed.length < MAX_STOPS) {
      await keyboard.press('Tab');
      const { name, problem } = await page.evaluate<Stop>(STOP);
      if (problem !== null) throw new Error(`"${name}" ${problem}`);
      if (name.startsWith(wanted)) return;
      passed.push(name);
    }
    throw new Error(`the keyboard does not reach "${wanted}", but ${passed.join(', ')}`);
  }

  return {
    tabTo,
    type: (text: string) => keyboard.type(text),
    press: (key: 'Enter' | 'Space') => keyboard.press(key),
    /** Presses what a name belongs to. */
    async pressAt(name: string, key: 'Enter' | 'Space' = 'Enter'): Promise<void> {
      await tabTo(name);
      await keyboard.press(key);
    },
    async typeAt(name: string, text: string): Promise<void> {
      await tabTo(name);
      await keyboard.type(text);
    },
  };
}
