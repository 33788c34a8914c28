import re
import unicodedata
import numpy as np
from ..compiler.errors import Location, WeberError, sources
from . import syntax as s

OPS = ["...", ">>>=", "<:", ">:", ">>>", "===", "!==", "=>", "->", "|>", "<|", "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "//", "+=", "-=", "*=", "/=", "^=", "÷=", "%=", "\\=", "|=", "&=", "⊻=", "::", "::"]
WORD = r"[^\W\d][\w!′²³¹₀-₉\u0300-\u036f]*|∇[\w]*|∂\w*"
NUMBER = r"0x[0-9a-fA-F_]+|0b[01_]+|(?:\d[\d_]*\.(?![.a-zA-Z_])(?:\d[\d_]*)?|\.\d[\d_]*|\d[\d_]*)(?:[eE][-+]?\d+|f[-+]?\d+)?"
TOKEN = re.compile(rf"""(?P<space>[ \t\r]+)|(?P<comment>\#=|\#[^\n]*)|(?P<nl>\n)|(?P<number>{NUMBER})|(?P<word>{WORD})|(?P<op>\.{{3}}|\.?(?:>>>|===|!==|=>|->|\|>|\|\||&&|==|!=|<=|>=|<<|>>|//|::|<:|>:|[-+*/^÷%\\|&⊻]=|[-+*/^÷%\\|&⊻<>=!~∘≈∈∉≤≥≠√×⋅⊙⊗⊕⊠±⊡∈⊆∋]|\$)|[.:?@;,'()\[\]{{}}"`]|[^\s\w])""", re.X)
KEY = set("begin if else elseif end for while function struct mutable abstract primitive module baremodule let try catch finally return break continue do quote using import export const global local macro".split())

class Tok:
    __slots__ = ("kind", "text", "start", "end", "space")
    def __init__(self, kind, text, start, end, space): self.kind, self.text, self.start, self.end, self.space = kind, text, start, end, space

PREC = {"=>": 2, "?": 2, "||": 4, "&&": 5, "->": 3, "|>": 8, "<|": 8, ":": 9, "+": 10, "-": 10, "|": 10, "⊻": 10, "⊕": 10, "±": 10, "*": 11, "/": 11, "÷": 11, "%": 11, "&": 11, "\\": 11, "∘": 11, "×": 11, "⋅": 11, "⊙": 11, "⊗": 11, "⊠": 11, "⊡": 11, "//": 12, "<<": 13, ">>": 13, ">>>": 13, "^": 15, "::": 16}
COMP = {"==", "!=", "<", ">", "<=", ">=", "===", "!==", "≈", "∈", "∉", "≤", "≥", "≠", "in", "isa", "<:", ">:", "⊆", "∋"}

class P:
    def __init__(self, text, file, offset=0, whole=None):
        self.text, self.file, self.pos = text, file, offset
        self.lines = None
        self.noendstack = []
        self.tok = None
        self.inarray = 0
        self.inparen = 0
        self.inindex = 0
        self.next()
    def loc(self, a, b):
        if self.lines is None:
            self.lines = [0] + [m.end() for m in re.finditer("\n", self.text)]
        import bisect
        l1 = bisect.bisect_right(self.lines, a); l2 = bisect.bisect_right(self.lines, b)
        return Location(self.file, l1, a - self.lines[l1-1] + 1, l2, b - self.lines[l2-1] + 1)
    def fail(self, msg, tok=None):
        tok = tok or self.tok
        raise WeberError(f"syntax error: {msg}", self.loc(tok.start, max(tok.end, tok.start+1)), kind="ParseError")
    def next(self):
        self.prev_end = self.tok.end if self.tok else self.pos
        prev = self.tok
        space = False
        while True:
            if self.pos >= len(self.text):
                self.tok = Tok("eof", "end of input", self.pos, self.pos, space); return prev
            m = TOKEN.match(self.text, self.pos)
            if not m: self.fail(f"unexpected character {self.text[self.pos]!r}", Tok("x","",self.pos,self.pos+1,False))
            k = m.lastgroup
            if k == "space": self.pos = m.end(); space = True; continue
            if k == "comment":
                space = True
                if m.group() == "#=":
                    depth, i = 1, m.end()
                    while depth:
                        a, b = self.text.find("#=", i), self.text.find("=#", i)
                        if b < 0: self.fail("unclosed comment", Tok("x","",m.start(),m.end(),False))
                        if 0 <= a < b: depth += 1; i = a+2
                        else: depth -= 1; i = b+2
                    self.pos = i
                else: self.pos = m.end()
                continue
            if k == "nl" and self.inparen and not self.inarray: self.pos = m.end(); space = True; continue
            break
        t = m.group(); 
        if k == "word":
            t = unicodedata.normalize("NFC", t)
            if t in KEY and not (prev and prev.text == "." and not space): k = t if not (t in ("end","begin") and self.inindex) else "word"
            elif t in ("in", "isa", "where"): k = "op" if not (prev and prev.text==":" and not space) else "word"
        elif k == "op" and t in ".:?@;,'()[]{}\"`": k = t
        self.pos = m.end()
        self.tok = Tok(k, t, m.start(), m.end(), space)
        return prev
    def at(self, *texts): return self.tok.text in texts and self.tok.kind not in ("word", "number")
    def expect(self, text):
        if self.tok.text != text: self.fail(f"expected `{text}`, found `{self.tok.text}`" if self.tok.kind != "eof" else f"expected `{text}` before the end of input")
        return self.next()
    def skip(self):
        while self.tok.kind == "nl" or self.tok.text == ";" : self.next()
    def skipnl(self):
        while self.tok.kind == "nl": self.next()
    def mk(self, cls, start, *a, **k): return cls(*a, location=self.loc(start, self.prev_end), **k)
    # context helpers
    def save(self, paren=None, array=None, index=None):
        st = (self.inparen, self.inarray, self.inindex)
        if paren is not None: self.inparen = paren
        if array is not None: self.inarray = array
        if index is not None: self.inindex = index
        return st
    def restore(self, st): self.inparen, self.inarray, self.inindex = st
    def retok(self):
        """re-lex the current token after a context change"""
        t = self.tok
        if t.kind != "eof" or True:
            self.pos = t.start; pe = self.prev_end; sp = t.space
            self.tok = None; self.next(); self.tok.space = self.tok.space or sp; self.prev_end = pe
    def block(self, *ends):
        st = self.save(0, 0, 0); 
        start = self.tok.start
        self.retok()
        out = []
        self.skip()
        while self.tok.kind not in ends:
            if self.tok.kind == "eof": self.fail("missing `end`" )
            out.append(self.statement())
            if self.tok.kind not in ends and self.tok.kind not in ("nl", ";", "eof"):
                self.fail(f"unexpected `{self.tok.text}`")
            self.skip()
        self.restore(st)
        return self.mk(s.Block, start, out)
    def toplevel(self):
        out = []
        self.skip()
        while self.tok.kind != "eof":
            out.append(self.statement())
            if self.tok.kind not in ("nl", ";", "eof"): self.fail(f"unexpected `{self.tok.text}`")
            self.skip()
        return s.Block(out, location=self.loc(0, len(self.text)))
    def statement(self):
        start = self.tok.start
        e = self.assign_expr(True)
        if isinstance(e, s.String) and not e.prefix and self.tok.kind == "nl" and not self.inparen:
            save = (self.pos, self.tok, self.prev_end)
            self.next()
            if self.tok.kind in ("function","struct","mutable","abstract","module","const","macro") or self.tok.text == "@" or self.tok.kind == "word":
                d = self.statement()
                if isinstance(d, (s.FunctionDefinition, s.Struct, s.AbstractType, s.ModuleDefinition, s.Declaration, s.MacroCall, s.Assignment, s.Identifier)):
                    return self.mk(s.Documented, start, e, d)
            self.pos, self.tok, self.prev_end = save
        return e
    def assign_expr(self, stmt=False):
        start = self.tok.start
        left = self.expr(0)
        if stmt and self.tok.text == "," and not self.inparen and not self.inarray:
            items = [left]
            while self.tok.text == ",":
                self.next()
                if self.tok.text in ("=",) : break
                items.append(self.expr(0))
            left = self.mk(s.Tuple, start, items)
        return self.assign_rest(left, start, stmt)
    def assign_rest(self, left, start, stmt):
        t = self.tok
        if t.kind == "op" and (t.text in ("=", ".=") or (t.text.endswith("=") and t.text.lstrip(".")[:-1] in ("+","-","*","/","^","÷","%","\\","|","&","⊻","//")) and t.text.lstrip(".") not in ("==","!=","<=",">=")):
            self.next(); self.skipnl()
            right = self.assign_expr(stmt)
            if t.text == "=" and self.isfunc(left):
                return self.shortfunc(left, right, start)
            dotted = t.text.startswith(".")
            return self.mk(s.Assignment, start, left, right, t.text.lstrip(".")[:-1], dotted)
        return left
    def isfunc(self, n):
        if isinstance(n, s.Where): return self.isfunc(n.type)
        if isinstance(n, s.TypeAssertion): return n.expression is not None and self.isfunc(n.expression)
        return isinstance(n, s.Call) and not n.dotted
    def shortfunc(self, left, right, start):
        name, sig = self.signature(left)
        return self.mk(s.FunctionDefinition, start, name, sig, right)
    def signature(self, n):
        where, result = [], None
        while True:
            if isinstance(n, s.Where): where = n.parameters + where; n = n.type
            elif isinstance(n, s.TypeAssertion) and n.expression is not None and self.isfunc(n.expression): result = n.type; n = n.expression
            else: break
        if not isinstance(n, s.Call):
            raise WeberError("syntax error: invalid function signature", n.location, kind="ParseError")
        f = n.function
        if isinstance(f, s.TypeAssertion): f = self.param(f)
        elif isinstance(f, s.Curly) is False and isinstance(f, s.Tuple) and len(f.elements) == 1: f = f.elements[0]
        pos = [self.param(a) for a in n.arguments]
        kws = []
        for k in n.keywords:
            if isinstance(k, s.Keyword):
                if getattr(n, "location", None) and k.name in self.semis.get(id(n), ()): kws.append(self.kwparam(k))
                else: pos.append(s.Parameter(s.Identifier(k.name, location=k.location), self.kwtypes.get(id(k)), k.value, location=k.location))
            elif isinstance(k, s.Splat): kws.append(s.Parameter(k.expression, None, None, True, location=k.location))
            else: kws.append(self.param(k))
        return f, s.Signature(pos, kws, where, result, location=n.location)
    semis = {}; kwtypes = {}; keep = []
    def kwparam(self, k):
        return s.Parameter(s.Identifier(k.name, location=k.location), self.kwtypes.get(id(k)), k.value, location=k.location)
    def param(self, n):
        v = False; d = None; ty = None
        loc = n.location
        if isinstance(n, s.Parameter): return n
        if isinstance(n, s.Assignment): d = n.value; n = n.target
        if isinstance(n, s.Splat): v = True; n = n.expression
        if isinstance(n, s.TypeAssertion): ty = n.type; n = n.expression
        return s.Parameter(n, ty, d, v, location=loc)
    def expr(self, minp):
        start = self.tok.start
        left = self.unary(minp)
        while True:
            t = self.tok
            if t.kind in ("nl", "eof"): break
            txt = t.text
            if t.kind == "op" or t.kind in (":", "?"):
                base = txt[1:] if txt.startswith(".") and len(txt) > 1 and txt != "..." else txt
                dotted = base != txt
                if txt == "...":
                    if minp > 1: break
                    self.next(); left = self.mk(s.Splat, start, left); continue
                if self.inarray and t.space and base in ("+", "-") and self.pos < len(self.text) and not self.text[self.pos].isspace() and not dotted: break
                if base == "->":
                    if minp > 3: break
                    self.next(); self.skipnl()
                    body = self.assign_expr()
                    left = self.mk(s.Lambda, start, self.lambda_sig(left), body); continue
                if base == "?":
                    if minp > 2 or not t.space: break
                    self.next(); self.skipnl()
                    self.tern = getattr(self, "tern", 0) + 1
                    a = self.ternary_arm()
                    self.tern -= 1
                    self.skipnl()
                    if self.tok.text != ":": self.fail("expected `:` of the conditional expression")
                    self.next(); self.skipnl()
                    b = self.assign_expr()
                    left = self.mk(s.If, start, left, a, b); continue
                if base in COMP:
                    if minp > 7: break
                    ops, operands = [], [left]
                    while self.tok.kind == "op" and (self.tok.text.lstrip(".") in COMP) and self.tok.kind != "nl":
                        o = self.next(); self.skipnl()
                        ops.append(s.Identifier(o.text, location=self.loc(o.start, o.end)))
                        operands.append(self.expr(8))
                    if len(ops) == 1:
                        n = ops[0].name; dd = n.startswith(".") and len(n) > 1
                        if n == "∉" : pass
                        left = self.mk(s.Call, start, s.Identifier(n[1:] if dd else n, location=ops[0].location), operands, [], dd, True)
                        if n in ("<:", ">:"): left = self.mk(s.Call, start, s.Identifier(n, location=ops[0].location), operands, [], False, True)
                    else: left = self.mk(s.Comparison, start, operands, ops)
                    continue
                if base == "where":
                    if minp > 14: break
                    self.next(); left = self.mk(s.Where, start, left, self.bounds()); continue
                p = PREC.get(base)
                if p is None or txt == "=": break
                if p < minp: break
                if base == ":" :
                    if getattr(self, "tern", 0) and t.space: break
                    if self.inindex and self.text[self.pos:self.pos+1] in ("]", ","): pass
                    self.next()
                    a = self.expr(10)
                    if self.tok.text == ":" and not (getattr(self, "tern", 0) and self.tok.space):
                        self.next(); b = self.expr(10)
                        left = self.mk(s.Call, start, s.Identifier(":", location=self.loc(t.start, t.end)), [left, a, b], [], False, True)
                    else: left = self.mk(s.Call, start, s.Identifier(":", location=self.loc(t.start, t.end)), [left, a], [], False, True)
                    continue
                self.next(); self.skipnl()
                if base == "::":
                    left = self.mk(s.TypeAssertion, start, left, self.expr(15)); continue
                if base in ("&&", "||"):
                    right = self.assign_expr() if base == "||" or True and self.tok.kind in ("return",) else self.expr(p)
                    if base == "&&" and not isinstance(right, s.Return): pass
                    left = self.mk(s.And if base == "&&" else s.Or, start, left, right, dotted); continue
                right = self.expr(p if base in ("^", "=>", "<|") else p + 1) if base != "^" else self.expr_pow()
                ident = s.Identifier(base, location=self.loc(t.start, t.end))
                if base in ("+", "*") and not dotted and isinstance(left, s.Call) and left.infix and isinstance(left.function, s.Identifier) and left.function.name == base and not left.dotted and False: pass
                left = self.mk(s.Call, start, ident, [left, right], [], dotted, True)
                continue
            break
        return left
    def ternary_arm(self):
        return self.assign_expr()
    def expr_pow(self):
        start = self.tok.start
        t = self.tok
        if t.text in ("-", "+") and t.kind == "op":
            self.next()
            v = self.expr_pow()
            if isinstance(v, s.Literal) and t.text == "-": return self.mk(s.Literal, start, -v.value)
            return self.mk(s.Call, start, s.Identifier(t.text, location=self.loc(t.start,t.end)), [v], [], False, True)
        return self.expr(15)
    def bounds(self):
        if self.tok.text == "{":
            self.next(); out = []
            while self.tok.text != "}":
                out.append(self.bound(self.expr(0)))
                if self.tok.text == ",": self.next()
            self.next(); return out
        e = self.expr(15)
        if self.tok.text == "<:":
            self.next(); u = self.expr(15)
            return [s.TypeBound(e.name, u, location=e.location)]
        return [self.bound(e)]
    def bound(self, n):
        if isinstance(n, s.Call) and isinstance(n.function, s.Identifier) and n.function.name == "<:":
            return s.TypeBound(n.arguments[0].name, n.arguments[1], location=n.location) if len(n.arguments) == 2 else s.TypeBound("", n.arguments[0], location=n.location)
        if isinstance(n, s.TypeBound): return n
        return s.TypeBound(n.name, location=n.location)
    def lambda_sig(self, left):
        if isinstance(left, s.Tuple): items = left.elements
        elif isinstance(left, s.Block): 
            st = left.statements
            items = st[:1]
            return s.Signature([self.param(items[0])], [self.param(x) for x in st[1:]], location=left.location)
        elif isinstance(left, s.NamedTuple):
            pos, kws = [], []
            for e in left.elements:
                if isinstance(e, s.Keyword): kws.append(s.Parameter(s.Identifier(e.name, location=e.location), None, e.value, location=e.location))
                elif isinstance(e, s.Splat): kws.append(s.Parameter(e.expression, None, None, True, location=e.location))
            return s.Signature(pos + [self.param(x) for x in getattr(self, "lampos", {}).get(id(left), [])], kws, location=left.location)
        else: items = [left]
        return s.Signature([self.param(x) for x in items], location=left.location)
    def unary(self, minp):
        t = self.tok; start = t.start
        if t.kind == "op":
            if t.text in ("-", "+", "!", "√", "~", "<:", ">:", ".-", ".+", ".!", ".√", "∛", "¬"):
                nxt = self.text[self.pos:self.pos+1]
                if nxt == "(" and t.text in ("+","-") and False: pass
                if nxt in (",", ")", "]", "\n", ";", "") or (nxt == " " and re.match(r"\s*[,)\]]", self.text[self.pos:])):
                    self.next(); return self.postfix(s.Identifier(t.text, location=self.loc(t.start, t.end)), start)
                self.next()
                if t.text in ("<:", ">:"):
                    e = self.expr(8); return self.mk(s.TypeBound, start, "", e)
                if self.tok.kind == "number" and t.text == "-" and not self.tok.space:
                    e = self.expr(14)
                    if isinstance(e, s.Literal): return self.mk(s.Literal, start, -e.value)
                else: e = self.expr(12 if t.text in ("-","+",".-",".+") else 15)
                d = t.text.startswith(".")
                return self.mk(s.Call, start, s.Identifier(t.text.lstrip("."), location=self.loc(t.start, t.end)), [e], [], d, True)
            if t.text == "::" :
                self.next(); ty = self.expr(15); return self.mk(s.TypeAssertion, start, None, ty)
            if t.text == "$":
                self.next(); e = self.unary(15); return self.mk(s.Call, start, s.Identifier("$", location=self.loc(start,start+1)), [e])
            self.next()
            return self.postfix(s.Identifier(t.text, location=self.loc(t.start, t.end)), start)
        return self.postfix(self.primary(), start)
    def postfix(self, e, start):
        while True:
            t = self.tok
            if t.kind in ("nl", "eof"): return e
            tight = not t.space
            if t.text == "(" and tight and t.kind == "(":
                if isinstance(e, s.Literal) and not isinstance(e.value, bool):
                    r = self.postfix(self.primary(), t.start)
                    e = self.mk(s.Call, start, s.Identifier("*", location=e.location), [e, r], [], False, True); continue
                e = self.call(e, start, False); continue
            if t.kind == "[" and tight:
                e = self.index(e, start); continue
            if t.kind == "{" and tight:
                self.next(); st = self.save(1, 0, 0); self.retok(); ps = []
                while self.tok.text != "}":
                    p = self.expr(0)
                    if isinstance(p, s.Call) and isinstance(p.function, s.Identifier) and p.function.name == "<:" and len(p.arguments) == 2 : p = self.bound(p)
                    ps.append(p)
                    if self.tok.text == ",": self.next()
                    elif self.tok.text != "}": self.fail(f"expected `,` or `}}`, found `{self.tok.text}`")
                self.restore(st); self.next(); e = self.mk(s.Curly, start, e, ps); continue
            if t.kind == "." and tight:
                self.next()
                n = self.tok
                if n.kind == "(":
                    e = self.call(e, start, True); continue
                if n.kind == ":":
                    self.next(); n = self.next(); e = self.mk(s.Field, start, e, n.text) if n.text != "(" else self.fieldop(e, start); continue
                if n.kind == "op" or n.kind == "'":
                    self.fail("unexpected operator after `.`")
                if n.text == "@":
                    m = self.macro(start, prefix=self.path(e)); return m
                self.next()
                e = self.mk(s.Field, start, e, n.text); continue
            if t.kind == "'" and tight:
                self.next(); e = self.mk(s.Call, start, s.Identifier("'", location=self.loc(t.start,t.end)), [e], [], False, True); continue
            if t.kind == '"' and tight and isinstance(e, s.Identifier):
                e = self.string(prefix=e.name); continue
            if tight and isinstance(e, s.Literal) and not isinstance(e.value, bool) and t.kind == "word":
                r = self.expr(14) if False else self.juxt()
                e = self.mk(s.Call, start, s.Identifier("*", location=e.location), [e, r], [], False, True); continue
            if t.kind == "do" and isinstance(e, s.Call):
                self.next(); ps = []
                while self.tok.kind not in ("nl", ";"):
                    ps.append(self.param(self.expr(0)))
                    if self.tok.text == ",": self.next()
                body = self.block("end"); self.next()
                e = self.mk(s.Call, start, e.function, [self.mk(s.Lambda, t.start, s.Signature(ps, location=self.loc(t.start,t.end)), body), *e.arguments], e.keywords, e.dotted); continue
            return e
    def fieldop(self, e, start):
        n = self.next(); self.expect(")"); return self.mk(s.Field, start, e, n.text)
    def juxt(self):
        start = self.tok.start
        e = self.postfix(self.primary(), start)
        if self.tok.text == "^":
            self.next(); e = self.mk(s.Call, start, s.Identifier("^", location=self.loc(start,start)), [e, self.expr_pow()], [], False, True)
        return e
    def path(self, e): return e.name if isinstance(e, s.Identifier) else self.path(e.object) + "." + e.name
    def call(self, f, start, dotted):
        self.next(); st = self.save(1, 0, 0); tern, self.tern = getattr(self, "tern", 0), 0; self.retok()
        args, kws, semi = [], [], False
        names = set()
        while self.tok.text != ")" or self.tok.kind != ")":
            if self.tok.kind == ";": semi = True; self.next(); continue
            if self.tok.kind == "eof": self.fail("unclosed `(`")
            a0 = self.tok.start
            a = self.assign_expr()
            if self.tok.kind == "for": a = self.generator(a, a0)
            if isinstance(a, s.Assignment) and not a.dotted and not a.operator and isinstance(a.target, (s.Identifier, s.TypeAssertion)):
                tgt = a.target; ty = None
                if isinstance(tgt, s.TypeAssertion): ty = tgt.type; tgt = tgt.expression
                k = s.Keyword(tgt.name, a.value, location=a.location); kws.append(k); P.keep.append(k)
                if ty is not None: P.kwtypes[id(k)] = ty
                if semi: names.add(k.name)
            elif semi:
                if isinstance(a, s.Identifier): k = s.Keyword(a.name, None, location=a.location); kws.append(k); names.add(a.name)
                elif isinstance(a, s.TypeAssertion): k = s.Keyword(a.expression.name, None, location=a.location); P.keep.append(k); P.kwtypes[id(k)] = a.type; kws.append(k); names.add(k.name)
                elif isinstance(a, s.Field): kws.append(s.Keyword(a.name, a, location=a.location))
                else: kws.append(a)
            else: args.append(a)
            if self.tok.text == ",": self.next()
            elif self.tok.kind not in (")", ";"): self.fail(f"expected `,` or `)`, found `{self.tok.text}`" if self.tok.kind != "eof" else "unclosed `(`")
        self.restore(st); self.tern = tern; self.next()
        e = self.mk(s.Call, start, f, args, kws, dotted)
        P.keep.append(e); P.semis[id(e)] = names
        return e
    def index(self, e, start):
        self.next(); st = self.save(0, 1, 1); tern, self.tern = getattr(self, "tern", 0), 0; self.retok()
        node = self.array_body(start)
        self.restore(st); self.tern = tern; self.next()
        if isinstance(node, s.Vector): return self.mk(s.Index, start, e, node.elements)
        if isinstance(node, s.Comprehension): node.element_type = e; return node
        node.element_type = e; return node
    def array_body(self, start):
        self.skipnl()
        rows, row = [], []
        if self.tok.kind == "]": return self.mk(s.Vector, start, [])
        sep = None
        while True:
            a0 = self.tok.start
            a = self.assign_expr()
            if self.tok.kind == "for":
                g = self.generator(a, a0); self.skipnl(); return self.mk(s.Comprehension, start, g)
            row.append(a)
            if self.tok.text == ",":
                self.next(); self.skipnl(); sep = ","
                while self.tok.kind == "nl": self.next()
                if self.tok.kind == "]": break
                continue
            if sep == ",":
                self.skipnl()
                if self.tok.text == ",": self.next(); self.skipnl(); continue
                break
            if self.tok.kind in ("nl", ";"):
                n = 0
                while self.tok.kind in ("nl", ";"):
                    n += self.tok.kind == ";"; self.next()
                n = max(n, 1)
                if self.tok.kind == "]":
                    if not any(len(r) for r in rows) and n > 1:
                        return self.mk(s.Concatenation, start, row, n) if not rows else None
                    if not rows and len(row) == 1 and n == 1: 
                        if sep is None and self.text[self.prev_end-1] != ";": return self.mk(s.Vector, start, row)
                    rows.append(row); row = []
                    break
                rows.append(row); row = []; sep = ";" if n == 1 else ";"*n
                continue
            if self.tok.kind == "]": break
            if self.tok.kind == "eof": self.fail("unclosed `[`")
            sep = sep or " "
        if sep == ",": return self.mk(s.Vector, start, row)
        if row: rows.append(row)
        if self.tok.kind != "]": self.fail(f"expected `]`, found `{self.tok.text}`")
        if len(rows) == 1:
            if len(rows[0]) == 1 and sep is None: return self.mk(s.Vector, start, rows[0])
            if len(rows[0]) == 1: return self.mk(s.Concatenation, start, rows[0], 1)
            return self.mk(s.Concatenation, start, rows[0], 2, None, True)
        items = [r[0] if len(r) == 1 else s.Concatenation(r, 2, None, True, location=r[0].location) for r in rows]
        dim = len(sep) if sep and set(sep) == {";"} else 1
        return self.mk(s.Concatenation, start, items, dim)
    def generator(self, body, start):
        clauses = []
        while self.tok.kind == "for":
            self.next(); its = self.iterations(); cond = None
            self.skipnl() if self.inarray else None
            if self.tok.kind == "if": self.next(); cond = self.expr(0)
            if self.inarray: self.skipnl()
            clauses.append((its, cond))
        return self.mk(s.Generator, start, body, clauses)
    def iterations(self):
        out = []
        while True:
            st = self.tok.start
            t = self.expr(8)
            if self.tok.text == "," and not isinstance(t, s.Tuple) and False: pass
            if self.tok.text not in ("in", "=", "∈"): self.fail("expected `in` or `=` in the loop")
            self.next(); it = self.expr(0)
            out.append(self.mk(s.Iteration, st, t, it))
            if self.tok.text == ",": self.next(); continue
            return out
    def primary(self):
        t = self.tok; start = t.start; k = t.kind
        if k == "number":
            self.next(); txt = t.text.replace("_", "")
            if txt.startswith("0x"):
                n = len(txt) - 2; v = int(txt, 16)
                return self.mk(s.Literal, start, (np.uint8 if n <= 2 else np.uint16 if n <= 4 else np.uint32 if n <= 8 else np.uint64)(v))
            if txt.startswith("0b"): return self.mk(s.Literal, start, np.uint8(int(txt, 2)))
            if "f" in txt: return self.mk(s.Literal, start, np.float32(txt.replace("f", "e")))
            return self.mk(s.Literal, start, float(txt) if any(c in txt for c in ".eE") else int(txt))
        if k == "word":
            self.next()
            if t.text == "true": return self.mk(s.Literal, start, True)
            if t.text == "false": return self.mk(s.Literal, start, False)
            if t.text == "end": return self.mk(s.EndMarker, start)
            if t.text == "begin": return self.mk(s.BeginMarker, start)
            return self.mk(s.Identifier, start, t.text)
        if k == '"': return self.string()
        if k == "`": self.fail("commands in backticks are not supported")
        if k == "'":
            m = re.compile(r"'(\\.[^']*|[^'\\])'").match(self.text, start)
            if not m: self.fail("invalid character literal")
            from .values import Char
            self.pos = m.end(); self.next(); self.prev_end = m.end()
            c = self.unescape(m.group(1)); return s.Literal(Char(ord(c)), location=self.loc(start, m.end()))
        if k == "(": return self.paren()
        if k == "[":
            self.next(); st = self.save(0, 1, 0); tern, self.tern = getattr(self, "tern", 0), 0; self.retok()
            node = self.array_body(start); self.restore(st); self.tern = tern; self.next(); node.location = self.loc(start, self.prev_end); return node
        if k == ":":
            self.next(); n = self.tok
            if n.space or n.kind in ("nl", "eof", ")", "]", ","): return self.mk(s.Identifier, start, ":")
            if n.kind == "(":
                e = self.paren(); return self.mk(s.Quote, start, e)
            self.next(); return self.mk(s.Quote, start, s.Identifier(n.text, location=self.loc(n.start, n.end)))
        if k == "@": return self.macro(start)
        fn = getattr(self, "k_" + k, None)
        if fn: return fn()
        self.fail(f"unexpected `{t.text}`" if k != "eof" else "unexpected end of input")
    def paren(self):
        start = self.tok.start
        self.next(); st = self.save(1, 0, 0); tern, self.tern = getattr(self, "tern", 0), 0; self.retok()
        items, semi, comma = [], None, False
        while self.tok.kind != ")":
            if self.tok.kind == ";":
                if semi is None: semi = len(items)
                self.next(); continue
            if self.tok.kind == "eof": self.fail("unclosed `(`")
            a0 = self.tok.start
            a = self.assign_expr()
            if self.tok.kind == "for": a = self.generator(a, a0)
            items.append(a)
            if self.tok.text == ",": comma = True; self.next()
            elif self.tok.kind not in (")", ";"): self.fail(f"expected `,` or `)`, found `{self.tok.text}`" if self.tok.kind != "eof" else "unclosed `(`")
        self.restore(st); self.tern = tern; self.next()
        if semi is not None and semi == 0:
            els = []
            for a in items:
                if isinstance(a, s.Assignment): els.append(s.Keyword(a.target.name, a.value, location=a.location))
                elif isinstance(a, s.Identifier): els.append(s.Keyword(a.name, None, location=a.location))
                elif isinstance(a, s.Field): els.append(s.Keyword(a.name, a, location=a.location))
                else: els.append(a)
            return self.mk(s.NamedTuple, start, els)
        if semi is not None:
            if self.tok.text == "->" or comma:
                n = self.mk(s.NamedTuple, start, [s.Keyword(a.target.name, a.value, location=a.location) if isinstance(a, s.Assignment) else a if isinstance(a, s.Splat) else s.Keyword(a.name, None, location=a.location) for a in items[semi:]])
                if not hasattr(self, "lampos"): self.lampos = {}
                P.keep.append(n); self.lampos[id(n)] = items[:semi]; return n
            return self.mk(s.Block, start, items)
        if comma and items and all(isinstance(a, s.Assignment) for a in items):
            return self.mk(s.NamedTuple, start, [s.Keyword(a.target.name, a.value, location=a.location) for a in items])
        if comma or not items: return self.mk(s.Tuple, start, items)
        if isinstance(items[0], s.Splat): return self.mk(s.Tuple, start, items)
        return items[0]
    def string(self, prefix=""):
        start = self.tok.start
        triple = self.text.startswith('"""', start)
        i = start + (3 if triple else 1); q = '"""' if triple else '"'
        parts, buf = [], []
        raw = bool(prefix)
        while True:
            if i >= len(self.text): self.fail("unclosed string", Tok("x", "", start, start+1, False))
            if self.text.startswith(q, i): i += len(q); break
            c = self.text[i]
            if c == "\\":
                if raw:
                    if self.text[i+1] == '"': buf.append('"'); i += 2; continue
                    buf.append(c); i += 1; continue
                m = re.compile(r"\\(u[0-9a-fA-F]{1,4}|U[0-9a-fA-F]{1,8}|x[0-9a-fA-F]{1,2}|\n[ \t]*|.)", re.S).match(self.text, i)
                e = m.group(1); i = m.end()
                if not e.startswith("\n"): buf.append(self.unescape("\\" + e))
                continue
            if c == "$" and not raw:
                m = re.compile(r"\$([^\W\d][\w!]*)").match(self.text, i)
                if m:
                    if buf: parts.append("".join(buf)); buf = []
                    parts.append(s.Identifier(m.group(1), location=self.loc(i+1, m.end()))); i = m.end(); continue
                if self.text[i+1] == "(":
                    if buf: parts.append("".join(buf)); buf = []
                    st = self.save(1, 0, 0); self.pos = i + 2; self.tok = None; self.next()
                    parts.append(self.assign_expr())
                    if self.tok.kind != ")": self.fail("expected `)`")
                    i = self.tok.end; self.restore(st); continue
            buf.append(c); i += 1
        if buf: parts.append("".join(buf))
        if triple and not raw: parts = self.dedent(parts)
        suffix = ""
        if prefix:
            m = re.compile(r"[a-zA-Z]+").match(self.text, i)
            if m: suffix = m.group(); i = m.end()
        self.pos = i; self.tok = None; self.next(); self.prev_end = i
        return s.String(parts, prefix, suffix, location=self.loc(start, i))
    def dedent(self, parts):
        if parts and isinstance(parts[0], str) and parts[0].startswith("\n"): parts[0] = parts[0][1:]; lead = True
        else: lead = False
        text = "".join(p if isinstance(p, str) else "\0" for p in parts)
        lines = text.split("\n")
        ind = [len(l) - len(l.lstrip(" \t")) for k, l in enumerate(lines) if (l.strip(" \t") or k == len(lines)-1) and (k or lead)]
        n = min(ind) if ind else 0
        out = []; first = lead
        for p in parts:
            if isinstance(p, str):
                ls = p.split("\n")
                ls = [l[n:] if (k or first) else l for k, l in enumerate(ls)]
                p = "\n".join(ls)
                if not p: first = False; continue
            first = False
            out.append(p)
        return out
    def unescape(self, t):
        m = {"\\n": "\n", "\\t": "\t", "\\\\": "\\", '\\"': '"', "\\'": "'", "\\r": "\r", "\\0": "\0", "\\$": "$", "\\a": "\a", "\\b": "\b", "\\f": "\f", "\\v": "\v", "\\e": "\x1b"}
        if t in m: return m[t]
        if t[:2] in ("\\u", "\\U", "\\x"): return chr(int(t[2:], 16))
        return t[1:] if t.startswith("\\") else t
    def macro(self, start, prefix=""):
        self.expect("@")
        n = self.next(); name = n.text
        while self.tok.kind == "." and not self.tok.space and name != ".": self.next(); name += "." + self.next().text
        if prefix: name = prefix + "." + name
        if self.tok.kind == "(" and not self.tok.space:
            c = self.call(s.Identifier(name, location=self.loc(start, n.end)), start, False)
            args = c.arguments + [s.Assignment(s.Identifier(k.name, location=k.location), k.value, location=k.location) if isinstance(k, s.Keyword) else k for k in c.keywords]
            return self.postfix(self.mk(s.MacroCall, start, name, args), start)
        args = []
        while self.tok.kind not in ("nl", "eof", ";", ")", "]", "end", ","):
            args.append(self.statement_in_macro())
        return self.mk(s.MacroCall, start, name, args)
    def statement_in_macro(self):
        arr, self.inarray = self.inarray, self.inarray
        start = self.tok.start
        self.inarray += 1
        e = self.expr(0)
        self.inarray -= 1
        r = self.assign_rest(e, start, False)
        return r
    # keywords
    def k_begin(self):
        start = self.next().start; b = self.block("end"); self.next(); b.location = self.loc(start, self.prev_end); return b
    def k_quote(self):
        start = self.next().start; b = self.block("end"); self.next(); return self.mk(s.Quote, start, b)
    def cond(self):
        st = self.save(0, 0, 0); self.retok(); c = self.assign_expr(); self.restore(st); return c
    def k_if(self):
        start = self.next().start; st = self.save(0,0,0); self.retok()
        c = self.assign_expr(); then = self.block("end", "else", "elseif"); o = None
        if self.tok.kind == "elseif":
            o = self.k_if_tail()
        elif self.tok.kind == "else":
            self.next(); o = self.block("end")
        self.restore(st)
        if self.tok.kind != "end": self.fail("expected `end`")
        self.next(); return self.mk(s.If, start, c, then, o)
    def k_if_tail(self):
        start = self.next().start; c = self.assign_expr(); then = self.block("end", "else", "elseif"); o = None
        if self.tok.kind == "elseif": o = self.k_if_tail()
        elif self.tok.kind == "else": self.next(); o = self.block("end")
        return self.mk(s.If, start, c, then, o)
    def k_for(self):
        start = self.next().start; st = self.save(0,0,0); self.retok(); its = self.iterations(); b = self.block("end"); self.restore(st); self.next(); return self.mk(s.For, start, its, b)
    def k_while(self):
        start = self.next().start; st = self.save(0,0,0); self.retok(); c = self.assign_expr(); b = self.block("end"); self.restore(st); self.next(); return self.mk(s.While, start, c, b)
    def k_function(self):
        start = self.next().start; st = self.save(0,0,0); self.retok()
        if self.tok.kind == "(":
            save = (self.pos, self.tok, self.prev_end)
            e = self.paren()
            if self.tok.kind == "(" and not self.tok.space:
                e = self.call(e, start, False); e = self.sigtail(e, start)
                name, sig = self.signature(e)
            else:
                sig = self.lambda_sig(e if isinstance(e, (s.Tuple, s.NamedTuple, s.Block)) else s.Tuple([e], location=e.location))
                b = self.block("end"); self.restore(st); self.next(); return self.mk(s.Lambda, start, sig, b)
        else:
            e = self.expr(14) if self.tok.kind != "op" else self.postfix(s.Identifier(self.next().text, location=self.loc(start, start)), start)
            e = self.sigtail(e, start)
            if not self.isfunc(e):
                self.skip(); self.restore(st)
                if self.tok.kind != "end": self.fail("expected `(` after the function's name")
                self.next(); return self.mk(s.FunctionDefinition, start, e, None, None)
            name, sig = self.signature(e)
        b = self.block("end"); self.restore(st); self.next()
        return self.mk(s.FunctionDefinition, start, name, sig, b)
    def sigtail(self, e, start):
        while self.tok.text in ("::", "where") and self.tok.kind == "op":
            if self.next().text == "::": e = self.mk(s.TypeAssertion, start, e, self.expr(15))
            else: e = self.mk(s.Where, start, e, self.bounds())
        return e
    def k_macro(self): self.fail("macro definitions are not supported")
    def k_struct(self, mutable=False, start=None):
        t = self.next(); start = t.start if start is None else start
        h = self.expr(7); sup = None
        name, params, sup = self.typehead(h)
        b = self.block("end"); self.next(); fields, cons = [], []
        for x in b.statements:
            c = isinstance(x, s.Declaration) and x.kind == "const"
            y = x.statements[0] if c else x
            d = None
            if isinstance(y, s.Assignment): d = y.value; y = y.target
            if isinstance(y, s.Identifier): fields.append(s.FieldDeclaration(y.name, None, d, c, location=x.location))
            elif isinstance(y, s.TypeAssertion) and isinstance(y.expression, s.Identifier): fields.append(s.FieldDeclaration(y.expression.name, y.type, d, c, location=x.location))
            elif isinstance(x, s.String): pass
            else: cons.append(x)
        return self.mk(s.Struct, start, name, params, sup, fields, cons, mutable)
    def typehead(self, h):
        sup = None
        if isinstance(h, s.Call) and isinstance(h.function, s.Identifier) and h.function.name == "<:": h, sup = h.arguments
        if isinstance(h, s.Curly): return h.type.name, [self.bound(p) for p in h.parameters], sup
        return h.name, [], sup
    def k_mutable(self): start = self.next().start; return self.k_struct(True, start)
    def k_abstract(self):
        start = self.next().start; self.next(); n, p, sup = self.typehead(self.expr(7)); self.skip(); self.next(); return self.mk(s.AbstractType, start, n, p, sup)
    def k_module(self, ):
        start = self.next().start; n = self.next().text; b = self.block("end"); self.next(); return self.mk(s.ModuleDefinition, start, n, b)
    k_baremodule = k_module
    def k_let(self):
        start = self.next().start; st = self.save(0,0,0); self.retok(); bs = []
        while self.tok.kind not in ("nl", ";"):
            bs.append(self.assign_expr())
            if self.tok.text == ",": self.next()
        b = self.block("end"); self.restore(st); self.next(); return self.mk(s.Let, start, bs, b)
    def k_try(self):
        start = self.next().start; b = self.block("catch", "finally", "end", "else"); v = h = o = f = None
        if self.tok.kind == "catch":
            self.next()
            if self.tok.kind == "word": n = self.next(); v = s.Identifier(n.text, location=self.loc(n.start, n.end))
            h = self.block("finally", "end", "else")
        if self.tok.kind == "else": self.next(); o = self.block("finally", "end")
        if self.tok.kind == "finally": self.next(); f = self.block("end")
        self.next(); return self.mk(s.Try, start, b, v, h, o, f)
    def k_return(self):
        start = self.next().start
        if self.tok.kind in ("nl", "eof", ";", "end", ")", "else", "elseif") : return self.mk(s.Return, start, None)
        v = self.assign_expr(not self.inparen and not self.inarray)
        return self.mk(s.Return, start, v)
    def k_break(self): start = self.next().start; return self.mk(s.Break, start)
    def k_continue(self): start = self.next().start; return self.mk(s.Continue, start)
    def decl(self, kind):
        start = self.next().start; items = [self.assign_expr(True)]
        if isinstance(items[0], s.Tuple): items = items[0].elements
        return self.mk(s.Declaration, start, kind, items)
    def k_const(self): return self.decl("const")
    def k_global(self): return self.decl("global")
    def k_local(self): return self.decl("local")
    def k_export(self):
        start = self.next().start; out = []
        while True:
            if self.tok.text == "@": self.next(); self.next()
            else: out.append(self.next().text)
            if self.tok.text == ",": self.next(); self.skipnl(); continue
            break
        return self.mk(s.Export, start, "export", out)
    def k_using(self): return self.imp("using")
    def k_import(self): return self.imp("import")
    def impitem(self):
        path = []
        while self.tok.text in (".", "..", "..."): path += ["."] * len(self.next().text)
        while True:
            if self.tok.text == "@": self.next(); path.append("@" + self.next().text)
            elif self.tok.kind == ":" : self.next(); path.append(self.next().text)
            elif self.tok.kind == "(" : self.next(); path.append(self.next().text); self.next()
            else: path.append(self.next().text.lstrip(".") or ".")
            if self.tok.text == "." : self.next(); continue
            if self.tok.kind == "op" and self.tok.text.startswith(".") and len(self.tok.text) > 1: continue
            break
        al = None
        if self.tok.text == "as": self.next(); al = self.next().text
        return s.ImportItem(path, al)
    def imp(self, kind):
        start = self.next().start; items = [self.impitem()]; mod = None
        if self.tok.kind == ":":
            self.next(); mod = items[0]; items = [self.impitem()]
        while self.tok.text == ",": self.next(); self.skipnl(); items.append(self.impitem())
        return self.mk(s.Import, start, kind, mod, items)

def parse(text, file="none"):
    sources[file] = text
    return P(text, file).toplevel()

def read_source(path): return open(path, encoding="utf-8-sig").read().replace("\r\n", "\n")
def parse_cached(path): return parse(read_source(path), path)
