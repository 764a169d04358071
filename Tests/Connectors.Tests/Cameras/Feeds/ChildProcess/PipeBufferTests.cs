using System.Diagnostics;
using MobileVlm.Edge.Connectors.Cameras.Feeds.ChildProcess;

namespace MobileVlm.Edge.Connectors.Tests.Cameras.Feeds.ChildProcess;

public sealed class PipeBufferTests
{
    [Fact]
    public async Task The_output_of_a_child_process_gets_a_larger_buffer()
    {
        using var child = Process.Start(new ProcessStartInfo("head", ["-c", $"{PipeBuffer.Bytes}", "/dev/zero"]) { RedirectStandardOutput = true })!;

        Assert.True(PipeBuffer.TryEnlarge(child.StandardOutput.BaseStream));

        // All of it fits into the pipe, so the child ends although nobody reads.
        await child.WaitForExitAsync().WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(0, child.ExitCode);
    }

    [Fact]
    public void A_stream_that_is_no_pipe_is_left_alone()
    {
        using var memory = new MemoryStream();

        Assert.False(PipeBuffer.TryEnlarge(memory));
    }
}
