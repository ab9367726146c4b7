/** Red, green and blue from 0 to 255. */
type Rgb = readonly [number, number, number];

const BLACK: Rgb = [0, 0, 0];
const WHITE: Rgb = [255, 255, 255];
/** The backgrounds of the stylesheet, on which links stand. */
const PAPER = { light: '#ffffff', dark: '#1b1e24' } as const;
/** Text that is dark or light enough beside a colour. */
const INK = { dark: '#0b1020', light: '#ffffff' } as const;
/** WCAG 2.2, 1.4.3. */
const MIN_CONTRAST = 4.5;
const STEP = 0.04;

/**
 * The variables of the stylesheet that a brand colour decides. Where the colour itself would be hard to read as a link, a
 * shade of it takes its place, darker in the light scheme and lighter in the dark one.
 */
export function brandColors(color: string): string {
  return `:root{${declarations(color, 'light')}}@media (prefers-color-scheme:dark){:root{${declarations(color, 'dark')}}}\n`;
}

function declarations(color: string, scheme: keyof typeof PAPER): string {
  const accent = shadeOn(PAPER[scheme], color);
  return `--accent:${accent};--on-accent:${inkOn(accent)}`;
}

/** The colour, or the shade nearest to it that contrasts enough with this background. */
export function shadeOn(background: string, color: string): string {
  const target = luminanceOf(parse(background)) > 0.5 ? BLACK : WHITE;
  for (let share = 0; share < 1; share += STEP) {
    const shade = format(mix(parse(color), target, share));
    if (contrastOf(shade, background) >= MIN_CONTRAST) return shade;
  }
  return format(target);
}

/** The text that contrasts most with a background. */
export function inkOn(background: string): string {
  return contrastOf(INK.light, background) >= contrastOf(INK.dark, background) ? INK.light : INK.dark;
}

/** The contrast of two colours, from 1 to 21 (WCAG 2.2). */
export function contrastOf(one: string, other: string): number {
  const [lighter = 0, darker = 0] = [one, other]
    .map((color) => luminanceOf(parse(color)))
    .sort((a, b) => b - a);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminanceOf(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share);
  return [at(0), at(1), at(2)];
}

function parse(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

function format(rgb: Rgb): string {
  return `#${rgb.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
