/** The words of the language; a test compares them with the grammar. */

export const KEYWORDS = [
  'import declare with letrec where case environment library component waveform route',
  'par seq sum prod inputs outputs ffunction fconstant fvariable any',
  'singleprecision doubleprecision quadprecision fixedpointprecision',
]
  .join(' ')
  .split(' ');

export const WIDGETS = [
  'button checkbox hslider vslider nentry hbargraph vbargraph hgroup vgroup tgroup soundfile',
]
  .join(' ')
  .split(' ');

export const PRIMITIVES = [
  'mem prefix int float xor acos asin atan atan2 cos sin tan exp log log10 pow sqrt abs min max',
  'fmod remainder floor ceil rint round rdtable rwtable select2 select3 attach enable control',
  'assertbounds lowest highest',
]
  .join(' ')
  .split(' ');
