// Expected speed of each stage on boxes that are not at hand, from published bandwidth and throughput. Every assumption
// stands in this file, so that a measurement can refute one of them. Prints the tables of Deploy/docs/boxes.md.
//
//   dotnet run Deploy/packaging/roofline.cs
#:property PublishAot=false
using System.Globalization;

// MobileVLM V2 1.7B, per picture. Work: 23 of 24 layers of ViT-L/14-336 at 577 tokens, and the projector; the decoder's
// body (1.233 G weights) once for each token of the prompt, its head (65.5 M weights) once.
const double EncodeGflop = 334 + 3;
const double VisionGweights = 0.29;
const double BodyGweights = 1.233;
const double HeadGweights = 0.0655;

// The picture's 144 tokens are filled in once; the system prompt before them is kept for ever. One question adds about 20.
const int PictureTokens = 144;
const int QuestionTokens = 20;

// int4 in blocks of 32 with fp16 scales; keys and values in fp16 at a context of 200 tokens.
const double Int4Bytes = 4.5 / 8;
const double CacheGB = 200 * 196_608 / 1e9;

// Gpu: dense tensor throughput in fp16. Cpu: big cores only, each with all its vector units busy, in int8 (dot product or
// i8mm, whichever it has) for both parts (vision in w8a8).
Box[] boxes =
[
    new("Jetson AGX Orin 64 GB", 204.8, 42.6, 42.6, IsGpu: true, "2048 CUDA cores (64 tensor cores) at 1.3 GHz; LPDDR5, 256 bit"),
    new("Jetson Orin NX 16 GB", 102.4, 15.0, 15.0, IsGpu: true, "1024 cores (32) at 0.918 GHz; LPDDR5, 128 bit"),
    new("Jetson Orin Nano 8 GB", 68.0, 10.2, 10.2, IsGpu: true, "1024 cores (32) at 0.625 GHz; LPDDR5, 128 bit"),
    new("Orin Nano 8 GB, Super mode", 102.0, 16.7, 16.7, IsGpu: true, "the same at 1.02 GHz"),
    new("Snapdragon 888, CPU", 51.2, 0.83, 0.83, IsGpu: false, "1 X1 at 2.84, 3 A78 at 2.42 GHz: dot product; LPDDR5-6400, 64 bit"),
    new("Snapdragon 8 Gen 2, CPU", 67.2, 2.25, 2.25, IsGpu: false, "1 X3 at 3.2, 2 A715 and 2 A710 at 2.8 GHz: i8mm; LPDDR5X-8400, 64 bit"),
    new("QCS6490, CPU", 25.6, 0.63, 0.63, IsGpu: false, "1 A78 at 2.7, 3 A78 at 2.4 GHz: dot product; LPDDR5-6400, 32 bit"),
];

// What of the peak a real program gets. A GPU's share is of large matrices at batch 1; a CPU's falls with heat, which a
// passively cooled box feels within a minute.
var gpu = new Share(Encode: 0.45, Prefill: 0.35, Bandwidth: 0.65);
var cpu = new Share(Encode: 0.40, Prefill: 0.40, Bandwidth: 0.50);

// A GPU also waits for each kernel to be launched: about 12 a layer, 8 microseconds each, unless they are recorded once.
const double LaunchMs = 24 * 12 * 0.008;

Console.WriteLine("| Box | Bandwidth GB/s | Encode TFLOP/s (TOP/s) | Prefill TFLOP/s (TOP/s) | From |");
Console.WriteLine("| --- | --- | --- | --- | --- |");
foreach (var box in boxes)
{
    Console.WriteLine(Text($"| {box.Name} | {box.Bandwidth} | {box.EncodeTflops} | {box.PrefillTops} | {box.Source} |"));
}

Console.WriteLine();
Console.WriteLine("| Box | Encode ms | Picture's prefill ms | One question more ms | First yes/no ms | Yes/no questions a second, 4 a picture | Decode ms a token | Tokens/s |");
Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- |");
foreach (var box in boxes)
{
    var share = box.IsGpu ? gpu : cpu;
    var launch = box.IsGpu ? LaunchMs : 0;
    var bandwidth = box.Bandwidth * share.Bandwidth;
    var encode = Math.Max(
        EncodeGflop / (box.EncodeTflops * share.Encode), VisionGweights * (box.IsGpu ? 2 : 1) / bandwidth * 1000) + launch;
    var picture = Prefill(PictureTokens);
    var question = Prefill(QuestionTokens) + HeadMs();
    var decode = ((((BodyGweights + HeadGweights) * Int4Bytes) + CacheGB) / bandwidth * 1000) + launch;

    // Four questions go through in one packed row: their tokens are computed, the weights are read once.
    var four = encode + picture + Prefill(4 * QuestionTokens) + HeadMs();
    Console.WriteLine(Text(
        $"| {box.Name} | {encode:0} | {picture:0} | {question:0} | {encode + picture + question:0} | {4000 / four:0.00} | {decode:0.0} | {1000 / decode:0} |"));

    double Prefill(int tokens) => Math.Max(
        2 * BodyGweights * tokens / (box.PrefillTops * share.Prefill), BodyGweights * Int4Bytes / bandwidth * 1000) + launch;

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

internal sealed record Box(string Name, double Bandwidth, double EncodeTflops, double PrefillTops, bool IsGpu, string Source);

/// <summary>Billions of weights; bytes of the cache for one token, float16.</summary>
internal sealed record Model(string Name, double Body, double Head, double Vision, double CacheBytes);

internal sealed record Share(double Encode, double Prefill, double Bandwidth);
