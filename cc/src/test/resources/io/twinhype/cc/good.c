#include "good.h"

int main(void)
{
	return ANSWER;
}
