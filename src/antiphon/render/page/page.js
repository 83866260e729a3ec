"use strict";
// Plays the pieces of this page: the audio file where one was made, else a small WebAudio synthesiser of its own.
(() => {
  const music = JSON.parse(document.getElementById("music").textContent);
  const pieces = [...document.querySelectorAll(".piece")];
  const volume = document.getElementById("volume");
  const AHEAD_S = 0.6;

  // One row a General MIDI family: harmonics, attack, decay (0: held), sustain, release in seconds, level.
  const TIMBRES = [
    [[1, .55, .3, .18, .1, .07, .04], .004, .9, 0, .15, .9], [[1, 0, 0, .3, 0, 0, 0, 0, .08], .002, .5, 0, .3, .9],
    [[1, .6, .35, .4, 0, .2, 0, .2], .01, 0, 1, .06, .6], [[1, .7, .45, .3, .15, .1], .003, .55, 0, .1, .9],
    [[1, .6, .25, .1], .006, .8, .1, .1, 1.2], [[1, .6, .5, .35, .25, .18, .12, .08], .08, 0, 1, .15, .6],
    [[1, .5, .35, .2, .12, .08], .14, 0, 1, .3, .6], [[1, .9, .8, .6, .4, .25, .15], .035, .3, .75, .1, .6],
    [[1, .35, .6, .25, .3, .12], .03, 0, 1, .08, .6], [[1, .25, .08, .03], .05, 0, 1, .09, .8],
    [[1, .5, .33, .25, .2, .17, .14, .12], .006, .3, .8, .08, .5], [[1, .4, .2, .1], .35, 0, 1, .6, .6],
    [[1, .2, .4, .1, .2], .08, 1.2, .4, .7, .6], [[1, .8, .7, .5, .4, .3], .002, .4, 0, .1, .7],
    [[1, .3, .2], .002, .25, 0, .2, 1], [[1, .1], .1, 0, 1, .3, .4],
  ];
  // Drums as [tone Hz, falls to Hz, noise from Hz, decay s, share of noise].
  const drum = (key) => {
    if (key <= 36) return [130, 45, 60, .22, .1];
    if ([38, 40].includes(key)) return [220, 180, 1200, .14, .7];
    if ([37, 75, 76, 77].includes(key)) return [1700, 1200, 2000, .04, .4];
    if (key === 39) return [0, 0, 900, .12, 1];
    if ([42, 44, 69, 70].includes(key)) return [0, 0, 7500, .05, .7];
    if (key === 46) return [0, 0, 6500, .3, .7];
    if ([49, 52, 55, 57].includes(key)) return [0, 0, 4000, .9, .8];
    if ([51, 53, 59].includes(key)) return [3200, 3200, 5500, .5, .6];
    if ([56, 67, 68, 80, 81].includes(key)) return [840, 840, 3000, .12, .1];
    const hz = 75 * 2 ** ((key - 41) / 7);
    return [hz * 1.5, hz, 300, .25, .15];
  };

  let context, waves, hiss;
  const wake = () => {
    if (context) return context.resume();
    context = new AudioContext();
    waves = TIMBRES.map(([harmonics]) => {
      const sine = new Float32Array([0, ...harmonics]);
      return context.createPeriodicWave(new Float32Array(sine.length), sine);
    });
    hiss = context.createBuffer(1, context.sampleRate, context.sampleRate);
    const data = hiss.getChannelData(0);
    for (let i = 0, x = 1; i < data.length; i++) { x = (x * 16807) % 2147483647; data[i] = x / 1073741824 - 1; }
    return context.resume();
  };

  const envelope = (out, at) => {
    const gain = context.createGain();
    gain.connect(out);
    gain.gain.setValueAtTime(0, at);
    return gain;
  };

  const sing = (out, at, seconds, pitch, velocity, family) => {
    const [, attack, decay, sustain, release, level] = TIMBRES[family];
    const peak = 0.22 * level * (velocity / 127) ** 1.5, gain = envelope(out, at), off = at + seconds;
    gain.gain.linearRampToValueAtTime(peak, at + attack);
    if (decay) gain.gain.setTargetAtTime(peak * sustain, at + attack, decay * 2 ** ((60 - pitch) / 30));
    gain.gain.setTargetAtTime(0, Math.max(off, at + attack), release / 3);
    const filter = context.createBiquadFilter();
    filter.frequency.value = 900 + 5200 * (velocity / 127) ** 2;
    filter.connect(gain);
    const voice = context.createOscillator();
    voice.setPeriodicWave(waves[family]);
    voice.frequency.value = 440 * 2 ** ((pitch - 69) / 12);
    voice.connect(filter);
    voice.start(at);
    voice.stop(Math.max(off, at + attack) + release * 2);
  };

  const strike = (out, at, key, velocity) => {
    const [from, to, cut, decay, share] = drum(key), peak = 0.4 * (velocity / 127) ** 1.5;
    const gain = envelope(out, at);
    gain.gain.linearRampToValueAtTime(peak, at + .002);
    gain.gain.setTargetAtTime(0, at + .002, decay / 2);
    const noise = context.createBufferSource(), filter = context.createBiquadFilter(), amount = context.createGain();
    noise.buffer = hiss; noise.loop = true;
    filter.type = "highpass"; filter.frequency.value = cut; amount.gain.value = share;
    noise.connect(filter).connect(amount).connect(gain);
    noise.start(at, (key * .013) % 1); noise.stop(at + decay * 4);
    if (!from) return;
    const skin = context.createOscillator();
    skin.frequency.setValueAtTime(from, at);
    skin.frequency.exponentialRampToValueAtTime(to, at + .06);
    skin.connect(gain); skin.start(at); skin.stop(at + decay * 4);
  };

  // A player has start(from seconds), stop(), now() in seconds.
  const synthesiser = (notes) => {
    let out, timer, begun, from, next;
    const feed = () => {
      const until = context.currentTime - begun + from + AHEAD_S;
      for (; next < notes.length && notes[next][0] < until; next++) {
        const [start, seconds, pitch, velocity, family] = notes[next];
        const at = Math.max(begun + start - from, context.currentTime);
        if (family < 0) strike(out, at, pitch, velocity); else sing(out, at, seconds, pitch, velocity, family);
      }
    };
    return {
      async start(position) {
        await wake();
        const press = context.createDynamicsCompressor();
        out = context.createGain();
        out.gain.value = volume.value / 100;
        out.connect(press).connect(context.destination);
        from = position; begun = context.currentTime + .06;
        next = notes.findIndex((note) => note[0] >= from - .01);
        if (next < 0) next = notes.length;
        feed();
        timer = setInterval(feed, 150);
      },
      stop() {
        clearInterval(timer);
        if (!out) return;
        const silent = out;
        silent.gain.setTargetAtTime(0, context.currentTime, .02);
        setTimeout(() => silent.disconnect(), 200);
        out = null;
      },
      now: () => Math.max(from, context.currentTime - begun + from),
      loud: (share) => { if (out) out.gain.value = share; },
    };
  };

  const recording = (source) => {
    const audio = new Audio(source);
    return {
      start(position) { audio.currentTime = position; audio.volume = volume.value / 100; return audio.play(); },
      stop() { audio.pause(); },
      now: () => audio.currentTime,
      loud: (share) => { audio.volume = share; },
    };
  };

  let playing = null;
  const clock = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

  const show = (piece, seconds) => {
    const { duration } = music[piece.dataset.number - 1];
    const head = piece.querySelector(".playhead");
    head.hidden = false;
    head.style.left = `${100 * Math.min(seconds / duration, 1)}%`;
    piece.querySelector(".seek input").value = seconds;
    piece.querySelector(".clock").textContent = `${clock(seconds)} / ${clock(duration)}`;
  };

  const label = (piece, word) => {
    const name = piece.querySelector("h2").textContent.replace(/^\s*\d+\s*/, "");
    piece.querySelector(".play").setAttribute("aria-label", `${word} ${name}`);
  };

  const stop = () => {
    if (!playing) return;
    playing.player.stop();
    cancelAnimationFrame(playing.frame);
    playing.piece.classList.remove("playing");
    label(playing.piece, "Play");
    playing = null;
  };

  const follow = () => {
    if (!playing) return;
    const { piece, player } = playing, { duration } = music[piece.dataset.number - 1];
    const now = player.now();
    show(piece, Math.min(now, duration));
    if (now >= duration + .3) { stop(); show(piece, 0); return; }
    playing.frame = requestAnimationFrame(follow);
  };

  const start = async (piece, position) => {
    stop();
    const { notes } = music[piece.dataset.number - 1];
    const own = synthesiser(notes);
    const player = piece.dataset.audio ? recording(piece.dataset.audio) : own;
    const mine = playing = { piece, player, frame: 0 };
    piece.classList.add("playing");
    label(piece, "Stop");
    try {
      await player.start(position);
    } catch {
      if (playing !== mine) return;
      playing.player = own; // the audio file was moved or cannot be decoded here
      await own.start(position);
    }
    if (playing === mine) follow();
  };

  const toggle = (piece) => {
    const here = playing && playing.piece === piece;
    if (here) { stop(); return; }
    const at = Number(piece.querySelector(".seek input").value);
    start(piece, at >= music[piece.dataset.number - 1].duration ? 0 : at);
  };

  for (const piece of pieces) {
    const button = piece.querySelector(".play"), seek = piece.querySelector(".seek"), picture = piece.querySelector(".picture");
    button.hidden = false;
    seek.hidden = false;
    button.addEventListener("click", () => toggle(piece));
    const go = (seconds) => { if (playing && playing.piece === piece) start(piece, seconds); else show(piece, seconds); };
    seek.firstElementChild.nextElementSibling.addEventListener("change", (event) => go(Number(event.target.value)));
    picture.addEventListener("click", (event) => {
      const box = picture.getBoundingClientRect();
      go(music[piece.dataset.number - 1].duration * (event.clientX - box.left) / box.width);
    });
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches?.("select, input")) return;
    if (event.key === "Escape") stop();
    const piece = pieces.find((one) => one.dataset.number === event.key);
    if (piece) toggle(piece);
  });
  volume.addEventListener("input", () => { if (playing) playing.player.loud(volume.value / 100); });

  const likely = (piece) => Number(piece.dataset.likelihood || -Infinity);
  const orders = {
    made: (a, b) => a.dataset.number - b.dataset.number,
    likely: (a, b) => likely(b) - likely(a),
    unlikely: (a, b) => likely(a) - likely(b),
  };
  const list = document.getElementById("pieces");
  document.getElementById("order").addEventListener("change", (event) => {
    for (const piece of [...pieces].sort(orders[event.target.value])) list.append(piece);
  });
  document.getElementById("ordering").hidden = list.classList.contains("sweep"); // a sweep has its own order
  document.querySelector(".tools").hidden = false;
})();
