#!/bin/sh
# CUDA: build, check against the CPU, time beside PyTorch, train. See README.md beside this file.
#
#   sh benches/gpu/run.sh build|check|time|pretrain|all
set -eu
cd "$(dirname "$0")/../.."
here=benches/gpu
bin=target/gpu/release
results=target/gpu/results
python=${PYTHON:-python3}

build() {
    cargo build --release --locked --manifest-path $here/Cargo.toml --target-dir target/gpu
}

# Refuses to go on without a GPU, in the command's own words; names the card.
card() {
    [ -x $bin/spectra ] || { echo "no $bin/spectra: run build first" >&2; exit 1; }
    $bin/step tiny 4 1 1 0 device=cuda network.width=8 >/dev/null || exit 1
    card=$(nvidia-smi --query-gpu=name --format=csv,noheader | head -1 | tr ',/&' '   ')
    mkdir -p $results
}

# The store that is trained on: STORE, or shapes that the demo makes.
store() {
    if [ -n "${STORE:-}" ]; then
        store=$STORE
        return
    fi
    store=target/gpu/demo/shapes.spectra
    [ -e $store/manifest.json ] || $bin/spectra demo -o target/gpu/demo
}

# The first 100 losses of pre-training on the CPU and on the GPU, for both kinds of network.
check() {
    card
    store
    failed=0
    for preset in tiny paper; do
        narrow=
        [ $preset = paper ] && narrow="--set network.channels=[16,32,64,128] --set algorithm.steps=5 --set algorithm.walker_updates=5"
        for device in cpu cuda; do
            rm -rf target/gpu/check-$device
            # Three epochs of batches of 16 are more than 100 steps.
            # shellcheck disable=SC2086 # words are settings
            $bin/spectra pretrain "$store" -o target/gpu/check-$device --preset $preset --device $device \
                --set train.batch=16 --set train.epochs=3 --set output.log_every=1 --set output.diagnostics=0 $narrow
        done
        "$python" $here/compare.py "$card" $preset target/gpu/check-cpu target/gpu/check-cuda \
            >$results/check-$preset.csv || failed=1
    done
    [ $failed = 0 ] && echo "CPU and GPU agree: $results/check-*.csv"
    return $failed
}

# Rows `card,program,precision,preset,map,batch,step,wall_s,cpu_s,rss_mb,error`.
rows() {
    program=$1 precision=$2
    shift 2
    # By way of a file: a failure in a pipe would go unseen.
    "$@" >$results/rows.csv
    sed -e 1d -e "s/^/$card,$program,$precision,/" $results/rows.csv >>$results/time.csv
}

time_steps() {
    card
    echo "card,program,precision,preset,map,batch,step,wall_s,cpu_s,rss_mb,error" >$results/time.csv
    torch="$python benches/peers/torch_step.py"
    for size in "tiny 17 128" "small 32 256" "paper 64 20" "paper 64 128"; do
        # Blocks of 20 steps after 40 that compile and tune kernels. Programs take turns, three rounds.
        for round in 1 2 3; do
            # shellcheck disable=SC2086 # words are arguments
            for precision in f32 bf16; do
                flag=
                [ $precision = bf16 ] && flag=--bf16
                rows spectra $precision $bin/step $size 100 40 device=cuda block=20 train.precision=$precision
                rows torch-eager $precision $torch $size 100 40 --device cuda --block 20 $flag
                rows torch-compiled $precision $torch $size 100 40 --device cuda --block 20 --compile $flag
            done
        done
    done
    "$python" $here/summary.py <$results/time.csv | tee $results/time-summary.csv
}

pretrain() {
    card
    data=${SPECTRA_DATA:?names the folder that holds ModelNet40}
    store=target/gpu/m40.spectra
    run=target/gpu/m40
    $bin/spectra convert "$data/ModelNet40" -o $store || [ $? = 3 ]
    [ -e $results/pretrain.csv ] || echo "card,preset,precision,resumed,wall_s" >$results/pretrain.csv
    for precision in f32 bf16; do
        # The same command goes on where it was interrupted.
        resume=
        [ -e $run-$precision/run.json ] && resume=--resume
        start=$(date +%s)
        # shellcheck disable=SC2086 # at most one word
        $bin/spectra pretrain $store -o $run-$precision --preset paper --device cuda --set train.batch=128 \
            --set train.precision=$precision $resume
        echo "$card,paper,$precision,${resume:+yes},$(($(date +%s) - start))" >>$results/pretrain.csv
        $bin/spectra eval $store --run $run-$precision --json $results/m40-$precision.json
    done
}

case "${1:-}" in
    build) build ;;
    check) check ;;
    time) time_steps ;;
    pretrain) pretrain ;;
    all)
        build
        check
        time_steps
        pretrain
        ;;
    *)
        sed -n '2,4s/^# \{0,1\}//p' "$0" >&2
        exit 2
        ;;
esac
