// Estimates the speed of each stage on devices that were not measured, from published bandwidth and throughput. Every
// assumption is in this file, so that a measurement can disprove it. Prints the tables of Deploy/docs/expected-speed.md.
//
//   dotnet run Deploy/packaging/roofline.cs
#:property PublishAot=false
using System.Globalization;

// MobileVLM V2 1.7B, per image. Work: 23 of 24 layers of ViT-L/14-336 at 577 tokens, and the projector; the decoder's
// body (1.233 G weights) once for each token of the prompt, and its head (65.5 M weights) once.
const double EncodeGflop = 334 + 3;
const double VisionGweights = 0.29;
const double BodyGweights = 1.233;
const double HeadGweights = 0.0655;

// The image's 144 tokens are prefilled once; the system prompt before them is kept. One question adds about 20.
const int ImageTokens = 144;
const int QuestionTokens = 20;

// int4 in blocks of 32 with fp16 scales; keys and values in fp16 at a context of 200 tokens.
const double Int4Bytes = 4.5 / 8;
const double CacheGB = 200 * 196_608 / 1e9;

// Gpu: dense tensor throughput in fp16. Cpu: big cores only, each with all its vector units busy, in int8 (dot product or
// i8mm, whichever it has) for both parts (vision in w8a8).
Device[] devices =
[
    new("Jetson AGX Orin 64 GB", 204.8, 42.6, 42.6, IsGpu: true, "2048 CUDA cores (64 tensor cores) at 1.3 GHz; LPDDR5, 256 bit"),
    new("Jetson Orin NX 16 GB", 102.4, 15.0, 15.0, IsGpu: true, "1024 cores (32) at 0.918 GHz; LPDDR5, 128 bit"),
    new("Jetson Orin Nano 8 GB", 68.0, 10.2, 10.2, IsGpu: true, "1024 cores (32) at 0.625 GHz; LPDDR5, 128 bit"),
    new("Orin Nano 8 GB, Super mode", 102.0, 16.7, 16.7, IsGpu: true, "the same at 1.02 GHz"),
    new("Snapdragon 888, CPU", 51.2, 0.83, 0.83, IsGpu: false, "1 X1 at 2.84, 3 A78 at 2.42 GHz: dot product; LPDDR5-6400, 64 bit"),
    new("Snapdragon 8 Gen 2, CPU", 67.2, 2.25, 2.25, IsGpu: false, "1 X3 at 3.2, 2 A715 and 2 A710 at 2.8 GHz: i8mm; LPDDR5X-8400, 64 bit"),
    new("QCS6490, CPU", 25.6, 0.63, 0.63, IsGpu: false, "1 A78 at 2.7, 3 A78 at 2.4 GHz: dot product; LPDDR5-6400, 32 bit"),
];

// The share of the peak that a real program reaches. A GPU's share is for large matrices at batch 1; a CPU's share falls when
// it gets hot, within a minute on a passively cooled device.
var gpu = new Share(Encode: 0.45, Prefill: 0.35, Bandwidth: 0.65);
var cpu = new Share(Encode: 0.40, Prefill: 0.40, Bandwidth: 0.50);

// A GPU also waits for each kernel launch: about 12 per layer, 8 microseconds each, unless they are recorded in a graph.
const double LaunchMs = 24 * 12 * 0.008;

Console.WriteLine("| Device | Bandwidth GB/s | Encode TFLOP/s (TOP/s) | Prefill TFLOP/s (TOP/s) | From |");
Console.WriteLine("| --- | --- | --- | --- | --- |");
foreach (var device in devices)
{
    Console.WriteLine(Text($"| {device.Name} | {device.Bandwidth} | {device.EncodeTflops} | {device.PrefillTops} | {device.Source} |"));
}

Console.WriteLine();
Console.WriteLine("| Device | Encode ms | Image prefill ms | One more question ms | First yes/no ms | Yes/no questions per second, 4 per image | Decode ms per token | Tokens/s |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
foreach (var device in devices)
{
    var share = device.IsGpu ? gpu : cpu;
    var launch = device.IsGpu ? LaunchMs : 0;
    var bandwidth = device.Bandwidth * share.Bandwidth;
    var encode = Math.Max(
        EncodeGflop / (device.EncodeTflops * share.Encode), VisionGweights * (device.IsGpu ? 2 : 1) / bandwidth * 1000) + launch;
    var image = Prefill(ImageTokens);
    var question = Prefill(QuestionTokens) + HeadMs();
    var decode = ((((BodyGweights + HeadGweights) * Int4Bytes) + CacheGB) / bandwidth * 1000) + launch;

    // Four questions are decoded in one packed row: all their tokens are computed, but the weights are read once.
    var four = encode + image + Prefill(4 * QuestionTokens) + HeadMs();
    Console.WriteLine(Text(
        $"| {device.Name} | {encode:0} | {image:0} | {question:0} | {encode + image + question:0} | {4000 / four:0.00} | {decode:0.0} | {1000 / decode:0} |"));

    double Prefill(int tokens) => Math.Max(
        2 * BodyGweights * tokens / (device.PrefillTops * share.Prefill), BodyGweights * Int4Bytes / bandwidth * 1000) + launch;

    double HeadMs() => HeadGweights * Int4Bytes / bandwidth * 1000;
}

// Memory on a GPU that shares it with the processor, in GB. Vision in float16, the head in 8 bit beside a decoder in int4;
// scales in float16; the embedding table stays mapped from the file on the processor's side.
const double Board = 8 * 1.073741824 * 0.95;
const double Os = 1.2;
const double Service = 0.4;
const double Cuda = 0.9;
Model[] models =
[
    new("MobileVLM V2 1.7B", 1.233, 0.0655, 0.296, 196_608),
    new("MobileVLM V2 3B", 2.537, 0.0819, 0.299, 327_680),
    new("MobileVLM V2 7B", 6.476, 0.1311, 0.311, 524_288),
];
Console.WriteLine();
Console.WriteLine("| Model | Precision | Weights | KV cache, 1024 tokens | Together | Left of an 8 GB board |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- |");
foreach (var model in models)
{
    foreach (var (name, body, head) in ((string, double, double)[])[("int4", Int4Bytes, 8.5 / 8), ("fp16", 2, 2)])
    {
        var weights = (model.Body * body) + (model.Head * head) + (model.Vision * 2);
        var cache = 1024 * model.CacheBytes / 1e9;
        var left = Board - Os - Service - Cuda - weights - cache;
        Console.WriteLine(Text(
            $"| {model.Name} | {name} | {weights:0.00} | {cache:0.00} | {weights + cache:0.00} | {(left < 0 ? "does not fit" : Text($"{left:0.0}"))} |"));
    }
}

static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

internal sealed record Device(string Name, double Bandwidth, double EncodeTflops, double PrefillTops, bool IsGpu, string Source);

/// <summary>A model: billions of weights per part, and bytes of the float16 cache per token.</summary>
internal sealed record Model(string Name, double Body, double Head, double Vision, double CacheBytes);

internal sealed record Share(double Encode, double Prefill, double Bandwidth);
