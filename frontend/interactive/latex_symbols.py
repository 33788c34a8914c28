"""What `\\name` completes to in the REPL, by the names that LaTeX and Julia's manual ("Unicode Input") use.

Families of names follow from Unicode's own (Greek letters, scripts, accents); the others stand in a table."""

import functools
import unicodedata

_GREEK = (
    "alpha beta gamma delta zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon chi "
    "psi omega"
)
_NAMES = """
varepsilon ε  epsilon ϵ  vartheta ϑ  varphi φ  phi ϕ  varpi ϖ  varrho ϱ  varsigma ς  varkappa ϰ
digamma ϝ  partial ∂  nabla ∇  infty ∞  hbar ħ  hslash ℏ  ell ℓ  Re ℜ  Im ℑ  aleph ℵ  beth ℶ
gimel ℷ  wp ℘  euler ℯ  emptyset ∅  varnothing ∅  forall ∀  exists ∃  nexists ∄  therefore ∴
because ∵  angle ∠  measuredangle ∡  degree °  complement ∁  top ⊤  bot ⊥  perp ⟂  dagger †
ddagger ‡  prime ′  pprime ″  ppprime ‴  eth ð  ohm Ω  Angstrom Å  pm ±  mp ∓  times ×  div ÷
cdot ⋅  cdotp ·  ast ∗  star ⋆  bullet •  circ ∘  bigcirc ○  oplus ⊕  ominus ⊖  otimes ⊗  oslash ⊘
odot ⊙  circledast ⊛  circledcirc ⊚  circleddash ⊝  boxplus ⊞  boxminus ⊟  boxtimes ⊠  boxdot ⊡
dotplus ∔  divideontimes ⋇  ltimes ⋉  rtimes ⋊  bowtie ⋈  wr ≀  amalg ⨿  diamond ⋄  lozenge ◊
blacklozenge ⧫  cap ∩  cup ∪  uplus ⊎  sqcap ⊓  sqcup ⊔  wedge ∧  vee ∨  xor ⊻  veebar ⊻  nand ⊼
nor ⊽  barwedge ⊼  curlywedge ⋏  curlyvee ⋎  Cap ⋒  Cup ⋓  setminus ∖  smallsetminus ∖  neg ¬  not ̸
land ∧  lor ∨  sum ∑  prod ∏  coprod ∐  int ∫  iint ∬  iiint ∭  oint ∮  bigcap ⋂  bigcup ⋃
bigwedge ⋀  bigvee ⋁  bigoplus ⨁  bigotimes ⨂  bigodot ⨀  biguplus ⨄  sqrt √  cbrt ∛  fourthroot ∜
in ∈  notin ∉  ni ∋  nni ∌  isin ⋵  subset ⊂  supset ⊃  subseteq ⊆  supseteq ⊇  nsubset ⊄  nsupset ⊅
nsubseteq ⊈  nsupseteq ⊉  subsetneq ⊊  supsetneq ⊋  sqsubset ⊏  sqsupset ⊐  sqsubseteq ⊑
sqsupseteq ⊒  Subset ⋐  Supset ⋑  le ≤  leq ≤  ge ≥  geq ≥  ne ≠  neq ≠  leqq ≦  geqq ≧  ll ≪  gg ≫
lll ⋘  ggg ⋙  lneqq ≨  gneqq ≩  nless ≮  ngtr ≯  nleq ≰  ngeq ≱  leqslant ⩽  geqslant ⩾  lesssim ≲
gtrsim ≳  lessgtr ≶  gtrless ≷  prec ≺  succ ≻  preceq ⪯  succeq ⪰  preccurlyeq ≼  succcurlyeq ≽
approx ≈  napprox ≉  sim ∼  nsim ≁  simeq ≃  nsime ≄  cong ≅  ncong ≇  equiv ≡  nequiv ≢  asymp ≍
doteq ≐  triangleq ≜  coloneq ≔  eqcolon ≕  propto ∝  mid ∣  nmid ∤  parallel ∥  nparallel ∦
models ⊧  vdash ⊢  dashv ⊣  vDash ⊨  Vdash ⊩  nvdash ⊬  nvDash ⊭  multimap ⊸  lhd ⊲  rhd ⊳
leftarrow ←  gets ←  rightarrow →  to →  uparrow ↑  downarrow ↓  leftrightarrow ↔  updownarrow ↕
nwarrow ↖  nearrow ↗  searrow ↘  swarrow ↙  Leftarrow ⇐  Rightarrow ⇒  Uparrow ⇑  Downarrow ⇓
Leftrightarrow ⇔  iff ⟺  implies ⟹  impliedby ⟸  mapsto ↦  mapsfrom ↤  longleftarrow ⟵
longrightarrow ⟶  longleftrightarrow ⟷  longmapsto ⟼  hookleftarrow ↩  hookrightarrow ↪
leftharpoonup ↼  rightharpoonup ⇀  rightharpoondown ⇁  leftharpoondown ↽  rightleftharpoons ⇌
leftrightharpoons ⇋  rightsquigarrow ⇝  leadsto ↝  nleftarrow ↚  nrightarrow ↛  nRightarrow ⇏
nLeftarrow ⇍  twoheadrightarrow ↠  twoheadleftarrow ↞  rightarrowtail ↣  leftarrowtail ↢
circlearrowleft ↺  circlearrowright ↻  curvearrowleft ↶  curvearrowright ↷  dashrightarrow ⇢
dashleftarrow ⇠  leftleftarrows ⇇  rightrightarrows ⇉  rightleftarrows ⇄  leftrightarrows ⇆
upuparrows ⇈  downdownarrows ⇊  Rrightarrow ⇛  Lleftarrow ⇚  rightarrowbar ⇥  bkarow ⤍  langle ⟨
rangle ⟩  lceil ⌈  rceil ⌉  lfloor ⌊  rfloor ⌋  llbracket ⟦  rrbracket ⟧  Vert ‖  dots …  ldots …
cdots ⋯  vdots ⋮  ddots ⋱  adots ⋰  sterling £  yen ¥  euro €  copyright ©  circledR ®  S §  P ¶
checkmark ✓  maltese ✠  spadesuit ♠  heartsuit ♡  diamondsuit ♢  clubsuit ♣  flat ♭  natural ♮
sharp ♯  triangle △  bigtriangleup △  bigtriangledown ▽  triangleright ▷  triangleleft ◁
blacktriangle ▴  blacksquare ■  square □  Box □  bigstar ★  bigwhitestar ☆  AE Æ  ae æ  OE Œ  oe œ
O Ø  o ø  L Ł  l ł  ss ß  aa å  AA Å  th þ  TH Þ  DH Ð  dh ð  guillemotleft «  guillemotright »
exclamdown ¡  questiondown ¿  ordfeminine ª  ordmasculine º  1/2 ½  1/3 ⅓  2/3 ⅔  1/4 ¼  3/4 ¾
1/5 ⅕  1/8 ⅛  trademark ™  numero №  imath ı  jmath ȷ  bbone 𝟙  bbzero 𝟘  Zbar Ƶ  mho ℧  upand ⅋
ulcorner ⌜  urcorner ⌝  llcorner ⌞  lrcorner ⌟
"""
_ACCENTS = {
    "hat": "CIRCUMFLEX ACCENT", "tilde": "TILDE", "bar": "MACRON", "dot": "DOT ABOVE", "ddot": "DIAERESIS",
    "acute": "ACUTE ACCENT", "grave": "GRAVE ACCENT", "breve": "BREVE", "check": "CARON", "vec": None,
    "overbar": "OVERLINE", "ocirc": "RING ABOVE", "c": "CEDILLA", "k": "OGONEK", "dddot": "THREE DOTS ABOVE",
}  # fmt: skip
_SCRIPTS = {
    "bf": "BOLD", "it": "ITALIC", "bi": "BOLD ITALIC", "scr": "SCRIPT", "bscr": "BOLD SCRIPT",
    "frak": "FRAKTUR", "bfrak": "BOLD FRAKTUR", "bb": "DOUBLE-STRUCK", "sans": "SANS-SERIF",
    "bsans": "SANS-SERIF BOLD", "isans": "SANS-SERIF ITALIC", "tt": "MONOSPACE",
}  # fmt: skip
_HOLES = {  # letters that Unicode had before its mathematical alphabets
    "ith": "ℎ", "scrB": "ℬ", "scrE": "ℰ", "scrF": "ℱ", "scrH": "ℋ", "scrI": "ℐ", "scrL": "ℒ", "scrM": "ℳ",
    "scrR": "ℛ", "scre": "ℯ", "scrg": "ℊ", "scro": "ℴ", "frakC": "ℭ", "frakH": "ℌ", "frakI": "ℑ",
    "frakR": "ℜ", "frakZ": "ℨ", "bbC": "ℂ", "bbH": "ℍ", "bbN": "ℕ", "bbP": "ℙ", "bbQ": "ℚ", "bbR": "ℝ",
    "bbZ": "ℤ",
}  # fmt: skip
_DIGITS = "ZERO ONE TWO THREE FOUR FIVE SIX SEVEN EIGHT NINE".split()
_SUPERSCRIPTS = dict(zip(
    "+-=()abcdefghijklmnoprstuvwxyzABDEGHIJKLMNOPRTUVW",
    "⁺⁻⁼⁽⁾ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ", strict=True,
))  # fmt: skip
_SUBSCRIPTS = dict(zip("+-=()aehijklmnoprstuvx", "₊₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", strict=True))
_GREEK_SCRIPTS = {
    "^alpha": "ᵅ", "^beta": "ᵝ", "^gamma": "ᵞ", "^delta": "ᵟ", "^epsilon": "ᵋ", "^theta": "ᶿ", "^iota": "ᶥ",
    "^phi": "ᵠ", "^chi": "ᵡ", "_beta": "ᵦ", "_gamma": "ᵧ", "_rho": "ᵨ", "_phi": "ᵩ", "_chi": "ᵪ",
    "^prime": "′",
}  # fmt: skip


def _lookup(name):
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return None


@functools.cache
def symbols() -> dict[str, str]:
    """The symbol of each name; names begin with a backslash."""
    found = dict(_HOLES)
    for name in _GREEK.split():
        unicode_name = "LAMDA" if name == "lambda" else name.upper()
        found[name] = _lookup(f"GREEK SMALL LETTER {unicode_name}")
        found[name.capitalize()] = _lookup(f"GREEK CAPITAL LETTER {unicode_name}")
    for name, symbol in (("Phi", "Φ"), ("Epsilon", "Ε")):
        found[name] = symbol
    for prefix, style in _SCRIPTS.items():
        for letter in "abcdefghijklmnopqrstuvwxyz":
            for case, form in (("SMALL", letter), ("CAPITAL", letter.upper())):
                found.setdefault(prefix + form, _lookup(f"MATHEMATICAL {style} {case} {letter.upper()}"))
        for digit, word in enumerate(_DIGITS):
            found[f"{prefix}{digit}"] = _lookup(f"MATHEMATICAL {style} DIGIT {word}")
    for name, accent in _ACCENTS.items():
        found[name] = "\u20d7" if accent is None else _lookup(f"COMBINING {accent}")
    for digit, word in enumerate(_DIGITS):
        found[f"^{digit}"] = _lookup(f"SUPERSCRIPT {word}")
        found[f"_{digit}"] = _lookup(f"SUBSCRIPT {word}")
    found |= {f"^{key}": symbol for key, symbol in _SUPERSCRIPTS.items()}
    found |= {f"_{key}": symbol for key, symbol in _SUBSCRIPTS.items()}
    found |= _GREEK_SCRIPTS
    words = _NAMES.split()
    found |= zip(words[::2], words[1::2], strict=True)
    return {"\\" + name: symbol for name, symbol in sorted(found.items()) if symbol}
