// This Source Code Form is subject to the terms of the Mozilla Public
// License, v. 2.0. If a copy of the MPL was not distributed with this
// file, You can obtain one at https://mozilla.org/MPL/2.0/.

// `lantern WAY`: an image editor as far as its crashes go. It starts the threads such a program has, walks into the
// part that the way names, and dies there of an ordinary programming mistake.
#include <cassert>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <pthread.h>
#include <string>
#include <unistd.h>
#include <vector>

extern "C" void report_crashes(void);
extern "C" void use_signal_stack(void);

#define KEEP __attribute__((noinline))

namespace lantern {

static volatile int sink;
static volatile int zero;

static void startThread(const char *name, void *(*body)(void *), void *argument = nullptr) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 128 * 1024);
  pthread_t thread;
  pthread_create(&thread, &attributes, body, argument);
  pthread_setname_np(thread, name);
}

KEEP static void waitForWork() {
  for (;;) {
    usleep(1000000);
    sink = sink + 1;
  }
}

struct Point {
  double x, y, pressure;
};

struct Layer {
  std::string name;
  std::vector<uint32_t> pixels;
  int opacity = 255;
  KEEP int blend(int value) { return (value * opacity) / 255 + sink; }
};

class LayerStack {
public:
  std::vector<std::unique_ptr<Layer>> layers;
  Layer *active = nullptr;
  // A document whose last layer was deleted has no active layer.
  KEEP int activeOpacity() { return active->opacity; }
};

class Stroke {
public:
  Point *points = nullptr;
  size_t count = 0;
  KEEP void append(const Point &point) {
    points[count] = point;
    count++;
    sink = sink + 1;
  }
};

class Brush {
public:
  Stroke *stroke = nullptr;
  KEEP void moveTo(double x, double y) {
    stroke->append({x, y, 0.5});
    sink = sink + static_cast<int>(x);
  }
};

class UndoHistory {
public:
  std::vector<int> steps{1, 2, 3};
  size_t position = 9;
  KEEP int restore() {
    assert(position < steps.size());
    return steps[position];
  }
};

class Palette {
public:
  std::vector<uint32_t> colours{0xff0000, 0x00ff00};
  KEEP uint32_t colourAt(size_t index) { return colours.at(index) + static_cast<uint32_t>(sink); }
};

class Canvas {
public:
  LayerStack stack;
  Brush brush;
  UndoHistory undo;
  KEEP int paint() {
    int opacity = stack.activeOpacity();
    sink = opacity;
    return opacity + sink;
  }
  KEEP void strokeTo(double x, double y) {
    brush.moveTo(x, y);
    sink = sink + 1;
  }
};

namespace exporter {
struct Sheet {
  int width = 640, columns = 4;
};
KEEP static int thumbnailWidth(const Sheet &sheet) { return sheet.width / (sheet.columns * zero); }
KEEP static int writeContactSheet(const Sheet &sheet) { return thumbnailWidth(sheet) + sink; }
static void *run(void *) {
  use_signal_stack();
  Sheet sheet;
  sink = writeContactSheet(sheet);
  return nullptr;
}
} // namespace exporter

namespace svg {
struct Node {
  const Node *use;
};
KEEP static int resolveUse(const Node &node, int depth);
KEEP static int importGroup(const Node &node, int depth) {
  volatile char name[200];
  name[depth % 200] = 'g';
  return resolveUse(node, depth + 1) + name[1];
}
// A <use> that refers to its own group never ends.
static int resolveUse(const Node &node, int depth) { return importGroup(*node.use, depth) + sink; }
static void *run(void *) {
  use_signal_stack();
  Node node{&node};
  sink = importGroup(node, 0);
  return nullptr;
}
} // namespace svg

namespace render {
static void *run(void *argument) {
  use_signal_stack();
  auto *canvas = static_cast<Canvas *>(argument);
  for (int i = 0; canvas && i < 3; i++) canvas->strokeTo(i, i);
  waitForWork();
  return nullptr;
}
} // namespace render

namespace plugin {
struct Filter {
  const char *name;
  int (*apply)(const Layer &);
};
KEEP static int applyFilter(const Filter &filter, const Layer &layer) {
  int result = filter.apply(layer);
  sink = result;
  return result + sink;
}
KEEP static int runHost(const Filter &filter) {
  Layer layer{"background", {}, 128};
  int result = applyFilter(filter, layer);
  sink = result;
  return result + layer.blend(1);
}
} // namespace plugin

KEEP static void *autosave(void *) {
  waitForWork();
  return nullptr;
}

KEEP static int openDocument(Canvas &canvas, const std::string &way) {
  if (way == "open") {
    Palette palette;
    sink = static_cast<int>(palette.colourAt(17));
  }
  if (way == "undo") sink = canvas.undo.restore();
  return sink;
}

KEEP static int runEventLoop(Canvas &canvas, const std::string &way) {
  if (way == "paint") sink = canvas.paint();
  if (way == "export") startThread("Exporter", exporter::run);
  if (way == "svg") startThread("SvgImport", svg::run);
  // The stroke's room was freed and overwritten when the document was closed.
  static Stroke stale{reinterpret_cast<Point *>(0xe5e5e5e5e5e5e5e0), 0};
  canvas.brush.stroke = &stale;
  if (way == "brush") startThread("Renderer", render::run, &canvas);
  sink = openDocument(canvas, way);
  waitForWork();
  return sink;
}

} // namespace lantern

int main(int argc, char **argv) {
  using namespace lantern;
  const std::string way = argc > 1 ? argv[1] : "paint";
  report_crashes();
  startThread("AutoSave", autosave);
  if (way != "brush") startThread("Renderer", render::run);
  usleep(50000);
  if (way == "plugin") {
    // Unloaded while its filter was still in the menu.
    plugin::Filter filter{"sharpen", reinterpret_cast<int (*)(const Layer &)>(0x7d00c0de0040)};
    return plugin::runHost(filter);
  }
  Canvas canvas;
  return runEventLoop(canvas, way);
}

const char *lanternVersion = "Lantern " LANTERN_VERSION;
