"""Serves one GGUF file as llama.cpp does, on this machine only: serve.py MODEL PORT [embed]."""

import sys
import threading

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.hostnames = ["127.0.0.1"]
params.port = int(sys.argv[2])
params.n_ctx = 2048
params.n_parallel = 1
# Two threads on a busy machine are many times slower than one.
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.use_jinja = True
if "embed" in sys.argv[3:]:
    params.embedding = True
    params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(params)
# It ends with whoever started it.
threading.Thread(target=sys.stdin.read, daemon=False).start()
