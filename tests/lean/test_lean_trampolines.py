"""Calls that may throw, in WebAssembly, beside what the loader does in JavaScript."""

import base64
import json
import subprocess

import pytest

from lean_export.toolchain import Lean
from lean_export.trampolines import catching, forwarding

MANY = tuple("i" * count for count in range(12, 112))
"""So many that their places take two bytes, and a sign."""
SIGNATURES = ("v", "vi", "ii", "iij", "ji", "di", "fif", *MANY)
CALLS = (
    *(("ii", "adds", ["41"]), ("ii", "throws", ["7"]), ("ii", "fails", ["1"])),
    *(("ii", "none", ["5"]), ("ii", "infinite", ["1"]), ("iij", "adds", ["1", "2n**40n"])),
    *(("ji", "adds", ["3"]), ("ji", "throws", ["3"]), ("di", "adds", ["4"])),
    *(("di", "throws", ["4"]), ("fif", "adds", ["1", "0.5"]), ("fif", "throws", ["1", "2"])),
    *(("vi", "adds", ["1"]), ("vi", "throws", ["1"]), ("v", "none", []), ("v", "throws", [])),
    ("iij", "none", ["5", "2n"]),
    *((one, name, ["1"] * (len(one) - 1)) for one in MANY for name in ("adds", "throws")),
)
PROGRAM = """
const plan=PLAN, module=text=>new WebAssembly.Module(Buffer.from(text,"base64"));
const code={v:[],i:[127],j:[126],f:[125],d:[124]};
// A function of WebAssembly, for a table holds no other: an imported one, exported again.
const typed=(signature,body)=>{const result=code[signature[0]];
  const given=[...signature.slice(1)].flatMap(c=>code[c]);
  const type=[1,96,given.length,...given,result.length,...result];
  return new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0,
    1,type.length,...type,2,7,1,1,101,1,102,0,0,7,5,1,1,103,0,0])),{e:{f:body}}).exports.g};
const made={v:()=>undefined,i:n=>n,j:n=>BigInt(n),f:n=>n,d:n=>n};
const bodies={adds:r=>(...a)=>made[r](a.reduce((s,x)=>s+Number(x),1)),
  throws:()=>()=>{throw 1234},fails:()=>()=>{throw new Error("no number")},
  infinite:()=>()=>{throw Infinity}};
const table=new WebAssembly.Table({element:"anyfunc",initial:0}), places={};
for(const [signature,name] of plan.calls){
  const key=signature+name; places[key]=table.grow(1);
  // What is of another type than the call says.
  table.set(places[key],name=="none"?typed("ii",x=>8+x):typed(signature,bodies[name](signature[0])))}
let log=[], pointer=100;
const save=()=>pointer, restore=sp=>{log.push("restore "+sp);pointer=sp};
const threw=(a,b)=>{log.push("threw "+a+b)};
const original=signature=>(index,...a)=>{const sp=save();try{const r=table.get(index)(...a);
  if(signature[0]!="v")return r}
  catch(e){restore(sp);if(e!==e+0)throw e;threw(1,0);if(signature[0]=="j")return 0n}};
const inJavaScript={}; let asked=0;
for(const signature of plan.signatures){const one=original(signature);
  inJavaScript["invoke_"+signature]=(...a)=>{asked++;return one(...a)}}
const forwarding=new WebAssembly.Instance(module(plan.forwarding)).exports;
const stack={save:typed("i",save),restore:typed("vi",restore),threw:typed("vii",threw)};
const caught=new WebAssembly.Instance(module(plan.catching),{env:{...inJavaScript,table,...stack,
  isNumber:e=>+(e===e+0),tag:WebAssembly.JSTag}}).exports;
Object.values(caught).forEach((item,place)=>forwarding.table.set(place,item));
const outcome=call=>{log=[];let value;try{value=String(call()||0)}catch(e){value="!"+e.message}
  return [value,...log]};
const found=[];
for(const [signature,name,texts] of plan.calls){
  const a=texts.map(text=>eval(text)), name_="invoke_"+signature; asked=0;
  const here=outcome(()=>forwarding[name_](places[signature+name],...a)), left=asked;
  found.push([signature,name,here,outcome(()=>original(signature)(places[signature+name],...a)),left])}
console.log(JSON.stringify(found));
"""


@pytest.fixture(scope="module")
def outcomes(lean: Lean) -> dict[tuple[str, str], tuple[list[str], list[str], int]]:
    """Of each call: what came of it here, what in JavaScript, how often that was asked here."""
    if lean.home is None:
        pytest.skip("a native Lean needs no Node.js")
    plan = {
        "calls": CALLS,
        "signatures": SIGNATURES,
        "forwarding": base64.b64encode(forwarding(SIGNATURES)).decode(),
        "catching": base64.b64encode(catching(SIGNATURES)).decode(),
    }
    program = PROGRAM.replace("PLAN", json.dumps(plan))
    done = subprocess.run(
        [lean.command[0], "-"], input=program, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return {(one, name): (here, there, asked) for one, name, here, there, asked in found}


def test_each_call_does_what_it_does_in_javascript(
    outcomes: dict[tuple[str, str], tuple[list[str], list[str], int]],
) -> None:
    assert len(outcomes) == len(CALLS)
    for call, (here, there, _) in outcomes.items():
        assert here == there, call


def test_results_are_handed_on_and_numbers_thrown_are_recorded(
    outcomes: dict[tuple[str, str], tuple[list[str], list[str], int]],
) -> None:
    here = {call: found for call, (found, _, _) in outcomes.items()}
    assert here["ii", "adds"] == ["42"]
    assert here["iij", "adds"] == [str((1 + 1 + 2**40) % 2**32)]
    assert here["fif", "adds"] == ["2.5"]
    for signature in MANY:
        assert here[signature, "adds"] == [str(len(signature))]
    for signature in ("ii", "ji", "di", "fif", "vi", "v", *MANY):
        assert here[signature, "throws"] == ["0", "restore 100", "threw 10"]
    assert here["ii", "infinite"] == ["0", "restore 100", "threw 10"]


def test_what_is_no_number_is_thrown_on(
    outcomes: dict[tuple[str, str], tuple[list[str], list[str], int]],
) -> None:
    assert outcomes["ii", "fails"][0] == ["!no number", "restore 100"]


def test_only_a_function_of_another_type_is_left_to_javascript(
    outcomes: dict[tuple[str, str], tuple[list[str], list[str], int]],
) -> None:
    asked = {call for call, (_, _, times) in outcomes.items() if times}
    assert asked == {("v", "none"), ("iij", "none")}
