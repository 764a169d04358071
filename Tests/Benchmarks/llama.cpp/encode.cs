#:package LLamaSharp@0.30.0
#:package LLamaSharp.Backend.Cpu@0.30.0
#:property ManagePackageVersionsCentrally=false
#:property CentralPackageTransitivePinningEnabled=false
#:property TreatWarningsAsErrors=false
#:property EnforceCodeStyleInBuild=false
#:property GenerateDocumentationFile=false
#:property PublishAot=false

// llama.cpp's image encoder (mtmd), which node-llama-cpp does not include, at what 'mobilevlm bench --only encode' measures:
//   dotnet run encode.cs -- lm.gguf mmproj.gguf [REPEATS] [THREADS]
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using LLama;
using LLama.Common;
using LLama.Native;

if (args.Length < 2)
{
    Console.Error.WriteLine("usage: dotnet run encode.cs -- LM.gguf MMPROJ.gguf [REPEATS] [THREADS]");
    return 2;
}

var repeats = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 7;
var threads = args.Length > 3 ? int.Parse(args[3], CultureInfo.InvariantCulture) : 2;
NativeLibrary.SetDllImportResolver(typeof(Mtmd).Assembly, (name, _, _) => name == "mtmd" ? NativeLibrary.Load(Mtmd.Find()) : 0);
NativeLogConfig.llama_log_set((_, _) => { });

// The decoder is only needed for the width of its embeddings.
using var decoder = LLamaWeights.LoadFromFile(new ModelParams(args[0]) { GpuLayerCount = 0 });
var options = MtmdContextParams.Default();
(options.UseGpu, options.NThreads, options.Warmup, options.PrintTimings) = (false, threads, false, false);
using var encoder = MtmdWeights.LoadFromFile(args[1], decoder, options);
var times = new List<double>();
for (var i = -1; i < repeats; i++)
{
    var pixels = new byte[336 * 336 * 3];
    new Random(i).NextBytes(pixels);
    using var picture = SafeMtmdEmbed.FromRgbBytes(336, 336, pixels)!;
    encoder.Tokenize(NativeApi.MtmdDefaultMarker()!, false, false, [picture], out var chunks);
    using (chunks)
    {
        var chunk = chunks!.Enumerate().Single(c => c.Type == SafeMtmdInputChunk.SafeMtmdInputChunkType.Image);
        var started = Stopwatch.GetTimestamp();
        if (Mtmd.EncodeChunk(encoder.NativeHandle.DangerousGetHandle(), chunk.NativePtr) != 0 || chunk.NTokens != 144)
        {
            Console.Error.WriteLine("llama.cpp did not make 144 tokens of the picture.");
            return 1;
        }

        if (i >= 0)
        {
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }
    }
}

times.Sort();
double At(double share)
{
    var position = share * (times.Count - 1);
    var below = (int)position;
    return times[below] + ((position - below) * (times[Math.Min(below + 1, times.Count - 1)] - times[below]));
}

Console.WriteLine(string.Create(
    CultureInfo.InvariantCulture,
    $"image encode, f16, {threads} threads: {At(0.5):0} ms median, {At(0):0} min, {At(0.25):0}-{At(0.75):0} quartiles, {At(1):0} max"));
return 0;

internal static class Mtmd
{
    [DllImport("mtmd", EntryPoint = "mtmd_encode_chunk")]
    public static extern int EncodeChunk(nint context, nint chunk);

    /// <summary>The library that the package has loaded.</summary>
    public static string Find()
    {
        var level = Avx512F.IsSupported ? "avx512" : Avx2.IsSupported ? "avx2" : Avx.IsSupported ? "avx" : "";
        return Directory.EnumerateFiles(AppContext.BaseDirectory, "libmtmd.so", SearchOption.AllDirectories)
            .First(file => file.Contains(level, StringComparison.Ordinal) && !file.Contains("musl", StringComparison.Ordinal));
    }
}
