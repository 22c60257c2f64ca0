"""The evaluator against the standard compiler: both expand a program to the same core diagram."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import fad
from fad.base.errors import FadError
from fad.diagram.box import Int, Par, Real
from fad.pipeline.transform import Precision
from fad.runtime.engine import Engine, EngineRefusal
from tests.support.reading import read
from tests.support.standard_compiler import expansion, expansions, program

PRIMITIVES = r"""
_
!
mem
+
prefix
rdtable
rwtable
select2
select3
assertbounds
attach
enable
control
pow
(+,-,*,/,%,^,@,&,|,xor,<<,>>,<,<=,>,>=,==,!=)
(int,float,lowest,highest,abs,acos,asin,atan,ceil,cos,exp,floor,log,log10,rint,round,sin,sqrt,tan)
(atan2,fmod,max,min,remainder)
"""

NUMBERS = r"""
2147483647
-2147483648
2147483648
4294967297
1.0
.5
1e-3f
100000.0
1e30
1e-30
3.141592653589793
0.1 + 0.2
+ 1
- 1
-1.5
-x with { x = 2; }
1e999
"""

COMPOSITIONS = r"""
_ : _
1 : _
1.5 : _
(_,_) : +
1,2 : +
_,1 : + <: _,_ :> _
_ <: _,_
_,_ :> _
+ ~ _
(+,_) ~ (_ <: _,_)
_,_ , _ ,(_,_)
(_ : sin) : cos
_ : (sin : cos)
_'
_''
2'
_@3
x@d with { x = _; d = 4; }
1 + _
_*2 - _/3
-(_)
_ == _
(_ < 1) | (_ > 2) & 3
_ xor 1 << 2 >> _
a, b : - with { a = _; b = 2; }
"""

APPLICATION = r"""
+(1)
/(2)
-(3)
*(2.5)
^(2)
@(4)
%(5)
<<(1)
==(1)
xor(7)
+(_)
+(1,2)
-(_,1)
min(1)
max(1)
atan2(1)
fmod(2)
remainder(2)
prefix(1)
attach(1)
enable(1)
control(1)
select2(1)
select2(_,1)
select3(1,2)
rdtable(16)
sin(1)
sin(_)
int(2.7)+1
int(2.7)
exp(0) : +(1)
(_,_)(1)
(+,+)(1,2)
(+,+)((1,2),3)
(_ : sin)(1)
(+ : *(2))(1)
+((1,2))
-((_,_))
f(1) with { f(x,y) = x-y; }
f(1,2) with { f(x,y) = x-y; }
f with { f(x,y) = x-y; }
f(1,2,3) with { f(x) = \(y).(\(z).(x+y*z)); }
f((1,2)) with { f(x,y) = x,y; }
f(1) with { f(x) = + : *(x); }
f(1,2) with { f(x) = +(x); }
map(f, 3) with { map(g,x) = g(x); f(x) = x*_; }
f(+) with { f(op) = op(1,2); }
f(2+3, _) with { f(a,b) = a*b; }
\(x).(x)
\(x,y).(y,x)
(\(x).(x*x))(3)
(\(x).(x*x))(_)
\(x).(\(y).(x-y))
\(x).(\(x).(x))
(\(x).(\(y).(x-y)))(1)
par(i,2,\(x).(x*i))
(\(x).(x), \(x).(x)) : +
\(x).(\(y).(x,y) : +) ~ _
"""

DEFINITIONS = r"""
a with { a = b; b = 3; }
a with { a = b with { b = 2; }; b = 3; }
f(3) with { f(x) = g(x) with { g(y) = x*y; }; }
(a with { a = 1; }) + a with { a = 2; }
a with { a = 1; } with { a = 2; }
(x, y with { x = 1; y = x + _; }) with { x = 2; }
x letrec { 'x = x+1; }
x letrec { 'x = y; 'y = x+1; }
x,y letrec { 'x = y*a; 'y = x+a; where a = _; }
x letrec { 'x = y+z; 'y = z+_; 'z = x*w; where w = 0.5; }
(x letrec { 'x = x+y; }) with { y = 4; }
f(2) with { f(n) = x letrec { 'x = x*n; }; }
f = 1; process = f with { f = 2; };
f(x) = x; g = f; process = g(_);
f = \(x).(x+1); process = f(2), f(_), f;
process = process2 with { process2 = _; };
a::b = 1; process = a::b;
x+1 letrec { 'x = (x with { y = 1; }) + 1; }
f(1,_,2) with { f(x,y,z) = x,y : -,z : +; }
"""

ITERATION = r"""
par(i,3,_)
par(i,3,i)
par(i,1,_)
par(i,0,_)
par(i,-1,_)
par(i,-3,i)
par(i,2.7,i)
par(i,1+1,i*2)
par(i,n,_) with { n = 2*2; }
par(i,2,par(j,i+1,j))
par(i,2,par(j,i,j*_))
par(i,3,*(i+1))
seq(i,3,+(i))
seq(i,1,_)
seq(i,0,_)
seq(i,0,(_,_))
seq(i,0,0:!)
seq(i,-2,+(i))
seq(i,2,\(x).(x*i))
sum(i,3,i)
sum(i,3,_)
sum(i,1,_)
sum(i,0,_)
sum(i,-1,_)
sum(i,2,i+0.5)
sum(i,3,_*i)
prod(i,3,i+1)
prod(i,3,_)
prod(i,0,_)
prod(i,-1,_)
prod(i,4,hslider("a%i",0,0,1,.1))
par(i,inputs(+),_)
par(i,sum(j,3,j),_)
par(i,int(2.9),_)
f(3) with { f(n) = par(i,n,i*n); }
seq(i,0,(!,0))
seq(i,0,(_,!,1))
sum(i,2,(_,_ :> _))
"""

FOLDING = r"""
7/2
6/2
-7/2
0/5
7%3
-7%3
7.5%2
2^3
2^-1
2^0
2^0.5
0^0
2.0^3
2147483647+1
65536*65536
-2147483648-1
1<<33
-8>>1
5&3
5|3
5 xor 3
5.7&3
1<2
1.0==1
2>=3
2!=2
1+2*3-4
1.0+1
3-3.0
min(1,2)
max(1.0,2)
abs(-3)
floor(2.5)
ceil(2.5)
round(2.5)
rint(3.5)
round(-0.5)
sqrt(2)
sin(0.5)
exp(1)
atan2(1,2)
fmod(7,3)
remainder(7,4)
3@2
3'
1,2
1,2 : -
(1,2) : (-)
1 : sin
1 : int
(1,2,3) : select2
prefix(1,2)
1,2 : _,_
(1,2 : +) + 3
sum(i,3,i) + 1
prod(i,3,i+1) : sqrt
+(1,2) * 2
f(sum(i,4,i)) with { f(x) = x*_; }
f(+(1,2)) with { f(x) = x*_; }
f(3') with { f(x) = x*_; }
f(int(2.7)) with { f(x) = x+1; }
f(_:_) with { f(x) = x; }
f(2 : +(1)) with { f(x) = x; }
f(hgroup("a",1)) with { f(x) = x; }
f(1:\(x).(x+1)) with { f(x) = x; }
f(1 <: +) with { f(x) = x; }
f(route(1,1,(1,1))(4)) with { f(x) = x; }
f(0*button("b")) with { f(x) = x; }
f(button("b")-button("b")) with { f(x) = x; }
f(button("b")*1) with { f(x) = x; }
f((1,2)) with { f(x) = x; }
f(inputs(_)+1) with { f(x) = x*_; }
f(select2(1,2,3)) with { f(x) = x; }
f(select2(button("b"),2,2)) with { f(x) = x; }
f(select3(1,2,3,4)) with { f(x) = x; }
f(1 : + ~ _) with { f(x) = x; }
f(4 : (!,1 ~ !)) with { f(x) = x; }
f(mem(0)) with { f(x) = x; }
f(mem(1)) with { f(x) = x; }
f(0@3) with { f(x) = x; }
f(2@0) with { f(x) = x; }
f(attach(1,2)) with { f(x) = x; }
f(enable(2,1)) with { f(x) = x; }
f(prefix(1,1)) with { f(x) = x; }
f(int(hslider("a",1,0,2,1))) with { f(x) = x; }
f(lowest(2)) with { f(x) = x; }
f(rdtable(3,1,2)) with { f(x) = x; }
f(9007199254740993*1.0) with { f(x) = x; }
f(float(3)) with { f(x) = x; }
f(5 : par(i,1,_)) with { f(x) = x; }
f(-2147483648/-1.0) with { f(x) = x; }
f(1e300*1e300) with { f(x) = x; }
f(int(1e10)) with { f(x) = x; }
f(int(-2.7)) with { f(x) = x; }
f(3.7|0) with { f(x) = x; }
f(7.0/2) with { f(x) = x; }
f((1,2:+)) with { f(x) = x*_; }
f((1,2) : (!,_)) with { f(x) = x; }
f((1,2 :> _)) with { f(x) = x; }
f(waveform{3,4} : (_,!)) with { f(x) = x; }
f(select3(button("b"),2,2,2)) with { f(x) = x; }
f(0.0/button("b")) with { f(x) = x; }
f(button("b")/button("b")) with { f(x) = x; }
f(0%button("b")) with { f(x) = x; }
f(0.0*button("b")) with { f(x) = x; }
f(0.0-button("b")) with { f(x) = x; }
f(+(1)~_) with { f(x) = x; }
f(min(button("b"),button("b"))) with { f(x) = x; }
f(pow(button("b"),0)), f(pow(button("b"),1)) with { f(x) = x; }
f(button("b")==button("b")), f(button("b")%button("b")) with { f(x) = x; }
f(button("b")|0), f(button("b")&-1) with { f(x) = x; }
f(2^31), f(2^-1), f((0-8)^(1/3)), f(2^1.0) with { f(x) = x; }
f(log(0)), f(exp(1000)), f(exp(-1000)) with { f(x) = x; }
f(abs(-2147483648)) with { f(x) = x; }
f(1<<31), f(1<<32), f(-1>>40), f(1<<-1) with { f(x) = x; }
f(int(1e999)), f(int(1e999-1e999)) with { f(x) = x; }
f(round(-2.5)), f(rint(-0.3)), f(round(1e300)), f(floor(-0.5)), f(ceil(-0.5)) with { f(x) = x; }
f(min(1.0,1)), f(max(1,1.0)), f(min(0.0,-0.0)), f(max(-0.0,0)) with { f(x) = x; }
f(3.7&2.2), f(3.7<<1.9), f(1.5 xor 3) with { f(x) = x; }
f(5.5%2.5), f(-5.5%2) with { f(x) = x; }
f(1/3), f(2/4), f(4/2.0), f(float(2)/3) with { f(x) = x; }
f(sin(3.141592653589793)), f(cos(1.5707963267948966)), f(cos(6.2831853)) with { f(x) = x; }
f(sin(1e-6)), f(sin(1e-5)), f(sin(-1e-6)), f(cos(-1.5707963267948966)) with { f(x) = x; }
f(sin(1.5707)), f(sin(1.570796)), f(sin(4.712389)), f(cos(4.712389)) with { f(x) = x; }
f(cos(1000)), f(cos(1e10)), f(sin(-12345.678)), f(tan(1.5707963267948966)) with { f(x) = x; }
f(tan(100)), f(tan(3.141592653589)), f(asin(1e-17)), f(log(1.0000000000000002)) with { f(x) = x; }
"""

MATCHING = r"""
f(0)=1; f(n)=n*f(n-1); process = f(5);
f(0)=1; f(n)=2; process = f(0), f(1), f(0.0), f(1-1), f(_);
f(1)=1; f(1.0)=2; f(x)=3; process = f(1), f(1.0), f(2-1), f(2-1.0), f(1+0.0);
f(0.5)=1; f(x)=2; process = f(0.5), f(1/2), f(0.25+0.25);
f(-1)=1; f(x)=2; process = f(-1), f(0-1), f(1-2), f(1);
f(1+1)=1; f(x)=2; process = f(2), f(1);
f(x,x)=1; f(x,y)=2; process = f(1,1), f(1,2), f(_,_), f(1,1.0), f(_*2,_*2), f(3,1+2);
f(0,y)=y; f(x,0)=x; f(x,y)=f(x-1,y)+y; process = f(3,2), f(0,_), f(_,0);
f((x,xs))=x+f(xs); f(x)=x; process = f((1,_,3));
count((x,xs)) = 1+count(xs); count(x) = 1; process = count((1,2,3,4));
f((x,y),z)=x; f(x,y)=y; process = f((1,2),3), f(1,2);
case { (x:y) => y:x; }(sin:cos)
case { (x:y:z) => z:y:x; (x:y) => y:x; }(sin:cos:tan), case { (x) => x; }(_)
case { (x<:y) => y:>x; (x) => x; }(_ <: (_,_))
case { (x:>y) => x; (x~y) => y; (x) => x; }(+ ~ sin)
case { (x+y) => x*y; (x) => x; }(_ + 3)
case { (x*y) => x; (x+y) => y; }(_ + 3)
case { (x') => x; (x) => x; }(_')
case { (f(x)) => x; (x) => 0; }(f(3)) with { f = sin; }
case { (sin(x)) => cos(x); (x) => x; }(sin(_))
case { (+(x)) => x; (x) => 0; }(+(3))
case { (_) => 1; (x) => 2; }(_), case { (_) => 1; (x) => 2; }(3)
case { (!) => 1; (sin) => 2; (x) => 3; }(sin)
case { (hgroup("a", x)) => x; (x) => 0; }(hgroup("a", _))
case { (hgroup("a", x)) => x; (x) => 0; }(hgroup("b", _))
case { (hslider("a",0,0,1,.1)) => 1; (x) => 0; }(hslider("a",0,0,1,.1))
case { (0,0) => 1; (0,x) => 2; (x,0) => 3; (x,y) => 4; }
case { (0,0) => 1; (0,x) => 2; (x,0) => 3; (x,y) => 4; }(0)
case { (0,x) => x; (y,x) => x*y; }(2)
case { (0,x) => x; (y,x) => x*y; }(0)
case { (x,y) => x-y; }(1,_)
case { (x) => x*_; }
case { (x) => case { (y) => x-y; }; }(1,2)
case { (0) => +; (x) => -; }(0,3,4)
f(n) = case { (0) => n; (m) => m*n; }; process = f(3)(0), f(3)(2);
f(0,x) = x; f(n,x) = g(n,x) with { g(n,x) = f(n-1,x*n); }; process = f(4,_);
f(x) = 1; f(x) = 2; process = f(3);
fib(0)=0; fib(1)=1; fib(n)=fib(n-1)+fib(n-2); process = fib(15);
take(1,(x,xs))=x; take(1,x)=x; take(n,(x,xs))=take(n-1,xs); process = take(2,(4,5,6));
rev((x,xs)) = rev(xs),x; rev(x) = x; process = rev((1,2,3));
len((x,xs)) = 1+len(xs); len(x) = 1; process = par(i, len((_,_,_)), _);
f((1,x)) = x; f(x) = 0; process = f((1,2)), f((1.0,2)), f((0+1,_));
f((x,x)) = 1; f(x) = 2; process = f((3,3)), f((3,4));
f(x,(y,z)) = x*y+z; process = f(_,(2,3));
f((x:y)) = y; f(x) = x; process = f(f) with { f((x:y)) = y; f(x) = 3; };
map(f,(x,xs)) = f(x),map(f,xs); map(f,x) = f(x); process = map(*(2), (1,_,3));
map(f,(x,xs)) = f(x),map(f,xs); map(f,x) = f(x); process = map(\(x).(x*x), (1,_,3));
fold(f,1,x) = x(0); fold(f,n,x) = f(fold(f,n-1,x),x(n-1)); process = fold(+,3,\(i).(button("v%i")));
f(1') = 1; f(x) = 2; process = f(1'), f(mem(1)), f(0');
f(par(i,2,x)) = x; f(x) = 0; process = f((3,3)), f((3,4));
f(x) = 2*x; g(f) = f; process = g(3), g(f);
p(x+1) = x; p(x) = 0; process = p(_+1), p(3);
f(4/2) = 1; f(x) = 0; process = f(2), f(2.0), f(6/3);
f(g(1)) = 1; f(x) = 0; g(x) = x+1; process = f(2), f(1);
"""

COUNTING = r"""
inputs(+)
outputs(_,_)
inputs(1)
outputs(!)
inputs(f) with { f(x,y) = x+y+_; }
outputs(f) with { f(x,y) = x,y,_; }
inputs(+) * 2 + outputs(_)
par(i, outputs(_,_), inputs(+))
inputs(case { (x,y) => x; })
outputs(component("stereo.dsp"))
route(2,2,1,2,2,1)
route(2,2,(1,2),(2,1))
route(1+1,2*1,(1,1+1),par(i,1,2,1))
route(2,1,1,1,2,1)
route(1,3,par(i,3,1,i+1))
route(0,0)
route(2,3)
route(2,2,1,1,1,2)
route(2,2,1,1,1,1)
route(3,2,(3,1),(1,2))
route(2.0,2.9,1.0,1,2.0,2)
route(n,n,par(i,n,i+1,n-i)) with { n = 4; }
route(1,1,(1,1)) : sin
"""

INTERFACE = r"""
button("gate")
checkbox("on")
hslider("a",0,0,1,0.1)
vslider("a [unit:Hz][style:knob]",440,20,20000,1)
nentry("n",1,-10,10,1)
hbargraph("level",0,1)
vbargraph("level [unit:dB]",-60,+5)
_ : hbargraph("a",0,1)
hslider("a",1/2,0-1,2^3,1/10)
hslider("a",f(2),min(1,2),sqrt(4),0.01) with { f(x) = x*x; }
hslider("a",-0.5,-1,1,1e-3)
hslider("a",0,-1e9,1e12,1e-9)
hslider("a", sum(i,3,i), 0, (1,2:+), 1)
hgroup("h", button("a"), button("b"))
vgroup("v", hgroup("h", tgroup("t", checkbox("c"))))
hgroup("v:x/h:y/name", _)
button("h:group/v:other/name[unit:Hz]")
button("../a/b")
button("")
soundfile("sound[url:{'a.wav';'b.wav'}]", 2)
soundfile("s", 1+1)
0,_~+(1) : soundfile("s", 1)
par(i,3,button("a%i"))
par(i,12,button("a%2i"))
par(i,2,button("a%3i b"))
par(i,2,button("a%{i}b%{n}")) with { n = 7; }
par(i,2,hgroup("group %i", hslider("a%{i}",i,0,n,1))) with { n = 7; }
button("a%n") with { n = 3.7; }
button("a%n") with { n = 0-3; }
button("a%4n b%1n") with { n = 12; }
button("100%")
button("100% x")
button("a%%n") with { n = 1; }
button("[%n:a]b") with { n = 2; }
hslider("a%i%j",0,0,1,1) with { i = 1; j = 2; }
"""

MODULATION = r"""
["c": *(2) -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c" -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c": 3 -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c": + -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c", "d" -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c": *(2), "d": +(1) -> e] with { e = hslider("c",0,0,1,.1) * hslider("d",0,0,1,.1); }
["c" -> hslider("c",0,0,1,.1) + hslider("c",0,0,1,.1)]
["c" -> hslider("c [unit:Hz]",0,0,1,.1)]
["c [unit:Hz]": *(2) -> hslider("c [unit:Hz]",0,0,1,.1)]
["b": *(2) -> button("b") + checkbox("b")]
["b": *(2) -> hbargraph("b",0,1)]
["n": *(2) -> nentry("n",1,0,2,1) + vslider("n",1,0,2,1)]
["A/c": *(2) -> hgroup("A", hslider("c",0,0,1,.1)), hslider("c",0,0,1,.1)]
["A/c": *(2) -> hgroup("A", vgroup("B", hslider("c",0,0,1,.1)))]
["A/B/c": *(2) -> hgroup("A", vgroup("B", hslider("c",0,0,1,.1)))]
["B/A/c": *(2) -> hgroup("A", vgroup("B", hslider("c",0,0,1,.1)))]
["A/c": *(2) -> hgroup("A [tooltip:x]", hslider("c",0,0,1,.1))]
["A/c": *(2) -> hslider("h:A/c",0,0,1,.1)]
["c": *(2) -> hslider("h:A/c",0,0,1,.1)]
["h:A/c": *(2) -> hgroup("A",hslider("c",0,0,1,.1))]
["A": *(2) -> hgroup("A", hslider("c",0,0,1,.1))]
["none": *(2) -> hslider("c",0,0,1,.1)]
["none" -> _]
["c": f -> hslider("c",0,0,1,.1)] with { f(x) = x*x; }
["c": f -> hslider("c",0,0,1,.1)] with { f(x,y) = x*y+1; }
["c": *(k) -> hslider("c",0,0,1,.1)] with { k = 5; }
["c%i": *(2) -> par(j,2,hslider("c%j",0,0,1,.1))] with { i = 1; }
["c" -> f] with { f(x) = x*hslider("c",0,0,1,.1); }
["c" -> ["d" -> hslider("c",0,0,1,.1), hslider("d",0,0,1,.1)]]
["c" -> hslider("c",0,0,1,.1)](2)
["c": hslider("c",1,0,2,.1)*_ -> hslider("c",0,0,1,.1)]
["c": (_,2 : *) -> hslider("c",0,0,1,.1)]
["c" -> par(i,2,hslider("c",i,0,1,.1))](_)
["sl": 0 -> soundfile("sl",1)]
f, g, h with { f(y) = y*hslider("c",0,0,1,.1); g(x) = ["c": +(x) -> f]; h(x) = ["c": +(x) -> g]; }
"""

ENVIRONMENTS = r"""
e.x with { e = environment { x = 1; y = x+1; }; }
e.y with { e = environment { x = 1; y = x+1; }; }
e[x=5;].y with { e = environment { x = 1; y = x+1; }; }
e[x=5; z=x;].z with { e = environment { x = 1; y = x+1; }; x = 9; }
e[x=5;][y=x;].y with { e = environment { x = 1; y = x+1; }; x = 9; }
e.f(3) with { e = environment { f(x) = x*k; k = 2; }; }
e[k=7;].f(3) with { e = environment { f(x) = x*k; k = 2; }; }
a.b.c with { a = environment { b = environment { c = 3; }; }; }
a.b.c(2) with { a = environment { b = environment { c(x) = x*d; }; d = 4; }; }
environment { x = 1; }.x
environment {}
environment { x = 1; }, _
e.x with { e = environment { x = y; }; y = 3; }
f.k with { f = \(x).(x*k) with { k = 2; }; }
f[k=5;](3) with { f = \(x).(x*k) with { k = 2; }; }
f(1).x with { f(a) = environment { x = a + 1; }; }
f(e) with { f(v) = v.x; e = environment { x = 3; }; }
e.x', e.x@2 with { e = environment { x = _; }; }
e.x + e[x = 2;].x with { e = environment { x = 1; }; }
library("tools.lib").double(3)
l.double, l.k with { l = library("tools.lib"); }
l[k=5;].scaled(_) with { l = library("tools.lib"); }
l.scaled(_) with { l = library("tools.lib"); k = 9; }
component("stereo.dsp")
component("stereo.dsp") : +
component("stereo.dsp").gain
component("stereo.dsp")[gain = 3;]
component("stereo.dsp")(1)
component("stereo.dsp")(1,2)
c.gain, (c[gain=5;] : +) with { c = component("stereo.dsp"); }
import("tools.lib"); process = double(_), k, scaled(2);
import("tools.lib"); import("nested.lib"); process = nested(1);
import("nested.lib"); import("nested.lib"); process = nested(_), k;
e.double(2) with { e = environment { import("tools.lib"); }; }
import("cycle.lib"); process = cycle;
library("nested.lib").k
component("typed.dsp")(3)
"""

DATA = r"""
waveform{1}
waveform{1,2.5,-3}
waveform{0.0,1e-3,.5} : !,_
rdtable(waveform{1,2,3}, 1)
waveform{1,2,3},_ : rdtable
rdtable(3, 1, _)
rwtable(16,0.0,_,_,_)
ffunction(float sinh(float), <math.h>, "")
ffunction(float sinhf|sinh|sinhl|sinhfx(float), <math.h>, "")(_)
ffunction(int f(), "f.h", "-lf")
ffunction(float f(int,float), "f.h", "")(1,2)
ffunction(float f(int,float), "f.h", "")(1)
ffunction(float f|g(int,any), <f.h>, "")
fconstant(int fSamplingFreq, <math.h>)
fvariable(int count, <math.h>)
fconstant(float K, "k.h") * 2
f(fconstant(int n, <n.h>)) with { f(x) = x+x; }
"""

PROGRAMS = r"""
declare name "x"; declare author "me"; f = _; declare f license "y"; process = f;
import("stdfaust.lib"); process = os.osc(440);
import("stdfaust.lib"); process = fi.lowpass(3, 1000);
import("stdfaust.lib"); process = fi.resonlp(hslider("f",500,20,5000,1), 2, 0.5);
import("stdfaust.lib"); process = de.fdelay(1024, 3.5);
import("stdfaust.lib"); process = ba.count((1,2,3)), ba.take(2,(1,2,3)), ba.if(_,1,2);
import("stdfaust.lib"); process = si.smoo, si.bus(3), ro.cross(3), si.interpolate(0.5);
import("stdfaust.lib"); process = en.adsr(0.1,0.2,0.5,0.3,button("g"));
import("stdfaust.lib"); process = ro.interleave(3,2), ro.hadamard(4);
import("stdfaust.lib"); process = ma.SR, ma.PI, ma.tanh, ma.EPSILON;
import("stdfaust.lib"); process = no.noise, no.pink_noise;
import("stdfaust.lib"); process = re.mono_freeverb(0.5,0.5,0.5,23);
import("stdfaust.lib"); process = ef.echo(1,0.2,0.3), ve.moog_vcf(0.5,500);
process = library("maths.lib").PI;
"""

REFUSED = r"""
exp10
-_
f(1,_,2) with { f(x,y) = x,y : -,_ : +; }
x+1 letrec { 'x = x with { y = 1; } + 1; }
x = 1; process = ::x;
seq(i,0,!,_)
sum(i,2,_,_)
f(1,2:+) with { f(x) = x*_; }
f((1,2) : !,_) with { f(x) = x; }
f(1,2 :> _) with { f(x) = x; }
f(waveform{3,4} : _,!) with { f(x) = x; }
f(exp10(2)) with { f(x) = x; }
f("a") = 1; process = 0;
["c": _,2 : * -> hslider("c",0,0,1,.1)]
["c" -> par(i,2,hslider("c",i,0,1,.1))](_,0.5)
["sl": !,0 -> soundfile("sl",1)]
e[f(0)=1; f(n)=n*f(n-1);].f(4) with { e = environment { f = 3; }; }
x
1 : +
_,_ : sin
(_,_) <: (_,_,_)
(_,_,_) :> (_,_)
_ ~ (_,_)
sin(1,2)
f(1,2) with { f(x) = x; }
x = x; process = x;
x = y; y = x; process = x;
x = 1; x = 2; process = x;
f(x) = 1; f(x,y) = 2; process = f;
par(i,_,_)
par(i,hslider("a",0,0,1,1),_)
par(i,+,_)
hslider("a",_,0,1,1)
hslider("a",button("b"),0,1,1)
button("a%x")
route(_,1,1,1)
route(1,1,1)
route(1,1,_,1)
f(1) with { f(0) = 1; }
case { (0) => 1; }(2)
case { (x,x) => 1; }(1,2)
case { (inputs(+(x))) => 1; (y) => 2; }(0)
case { (par(i,x,_)) => 1; (y) => 2; }(0)
case { (hslider("a",x,0,1,1)) => 1; (y) => 2; }(0)
case { (button("a%x")) => 1; (y) => 2; }(0)
1.x
_[x = 1;]
environment { x = 1; }.y
environment { x = 1; }(2)
library("missing.lib")
component("tools.lib")
import("missing.lib"); process = 1;
["c": (_,_) -> hslider("c",0,0,1,.1)]
["c": select2 -> hslider("c",0,0,1,.1)]
1/0
1%0
f(1.0/0.0) with { f(x) = x; }
f(sqrt(-1)) with { f(x) = x; }
f(acos(2)) with { f(x) = x; }
singleprecision f = 1; process = f;
proces = 1; process = proces2;
"""

TABLES = {
    "primitives": PRIMITIVES,
    "numbers": NUMBERS,
    "compositions": COMPOSITIONS,
    "application": APPLICATION,
    "definitions": DEFINITIONS,
    "iteration": ITERATION,
    "folding": FOLDING,
    "matching": MATCHING,
    "counting": COUNTING,
    "interface": INTERFACE,
    "modulation": MODULATION,
    "environments": ENVIRONMENTS,
    "data": DATA,
    "programs": PROGRAMS,
}

PRECISIONS = r"""
singleprecision f = 1; doubleprecision f = 2; quadprecision f = 3; process = f;
singleprecision doubleprecision f = 1; quadprecision f = 3; process = f;
doubleprecision quadprecision f(0) = 1; singleprecision f(0) = 2; f(x) = 3; process = f(0), f(1);
f = x with { singleprecision x = 1; doubleprecision quadprecision x = 2; }; process = f;
import("stdfaust.lib"); process = ma.EPSILON, ma.MAX;
"""

FILES = {
    "tools.lib": "k = 2; double(x) = x*2; scaled(x) = x*k;",
    "nested.lib": 'import("tools.lib"); nested(x) = double(x) + k;',
    "cycle.lib": 'import("back.lib"); cycle = there + 1;',
    "back.lib": 'import("cycle.lib"); there = 2;',
    "stereo.dsp": "gain = 2; process = *(gain), *(gain);",
    "typed.dsp": "process(x) = x*x;",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that the programs name."""
    folder = tmp_path_factory.mktemp("files")
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(line, id=f"{name}: {line}")
        for name, table in TABLES.items()
        for line in table.strip().splitlines()
    ],
)
def test_expands_as_the_standard_compiler_does(text: str, engine: Engine, folder: Path) -> None:
    expected, ours = expansions(engine, program(text), [folder])
    assert ours == expected


@pytest.mark.parametrize("precision", ["single", "double", "quad"])
@pytest.mark.parametrize("text", PRECISIONS.strip().splitlines())
def test_the_precision_chooses_definitions(text: str, precision: Precision, engine: Engine) -> None:
    expected, ours = expansions(engine, text, precision=precision)
    assert ours == expected


@pytest.mark.parametrize("text", REFUSED.strip().splitlines())
def test_refuses_what_the_standard_compiler_refuses(
    text: str, engine: Engine, folder: Path
) -> None:
    with pytest.raises(EngineRefusal):
        engine.expand(program(text), "test.dsp", include=[folder])
    with pytest.raises(FadError):
        fad.expand(program(text), include=[folder])


def test_connections_of_a_route_that_lead_nowhere_are_left_out(engine: Engine) -> None:
    # The standard compiler keeps them in the diagram, and drops them later.
    expected, ours = expansions(engine, "process = route(2,2,0,1,1,3,2,2);")
    assert expected != ours
    assert expansion(engine, "process = route(2,2,2,2);") == ours


def test_numbers_stay_in_their_range() -> None:
    assert read("f(x) = x; process = f(abs(-2147483648));") is Int(-(2**31))
    assert read("f(x) = x; process = f(tan(1e999)), f(sin(1e999));") is Par(
        Real(math.nan), Real(math.nan)
    )
