/** Numbers for people. */

/** A number with so many significant digits, short. */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa = '', exponent = ''] = value.toExponential(digits - 1).split('e');
    return `${Number(mantissa)}e${Number(exponent)}`.replace('-', '−').replace('e-', 'e−');
  }
  return String(Number(value.toPrecision(digits))).replace('-', '−');
}
